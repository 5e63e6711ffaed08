import type { Value } from './store.js';

/** A piece of SQL and the values its question marks stand for, in their order. */
export interface Sql {
  text: string;
  values: readonly Value[];
}

export const sql = (text: string, ...values: Value[]): Sql => ({ text, values });

export const joinSql = (parts: readonly Sql[], between: string): Sql => ({
  text: parts.map(({ text }) => text).join(between),
  values: parts.flatMap(({ values }) => values),
});

export const whereSql = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? sql('') : joinSql([sql('where'), joinSql(conditions, ' and ')], ' ');

/** A moment as `events` keeps it: the comparison then skips whole blocks of rows. */
const timestamp = 'make_timestamp(cast(? as bigint) * 1000)';

/** The condition that a column of `events` lies within the period. An end left out is open. */
export const within = (column: string, fromMs: number | undefined, toMs: number | undefined): Sql[] => [
  ...(fromMs === undefined ? [] : [sql(`${column} >= ${timestamp}`, fromMs)]),
  ...(toMs === undefined ? [] : [sql(`${column} < ${timestamp}`, toMs)]),
];
