import { testSchedules } from './search.js';

testSchedules(1);
