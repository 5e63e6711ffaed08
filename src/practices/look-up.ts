/** What a table says of a key: own entries only, for a code or an attribute may well be called `constructor`. */
export const lookUp = <T>(table: Record<string, T>, key: unknown): T | undefined =>
  Object.hasOwn(table, `${key}`) ? table[`${key}`] : undefined;
