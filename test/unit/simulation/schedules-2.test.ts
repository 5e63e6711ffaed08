import { testSchedules } from './search.js';

testSchedules(10_001);
