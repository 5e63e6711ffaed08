/** `npm run bench:tables`, and the second half of `npm run docs`: writes the tables of the last run into the README. */
import { writePart } from '../package/readme.js';
import { writeTables } from './engine-results.js';
import { caption, costTable, readResults, setupsTable, survivalCaption, survivalTable } from './results.js';

const results = readResults();
writePart('cost', `${caption(results)}\n\n${costTable(results)}`);
writePart('survival', `${survivalCaption(results)}\n\n${survivalTable(results)}`);
writePart('setups', setupsTable(results));
writeTables();
