import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { recordConditions } from './conditions.js';
import type { Filters } from './filters.js';
import { whereSql } from './sql.js';
import type { Reader } from './store.js';

export type ExportFormat = 'ndjson' | 'csv' | 'parquet';

/** As ISO 8601 writes UTC: without its sign, a reader would take a time for their own. */
const utc = "timestampformat '%Y-%m-%dT%H:%M:%S.%gZ'";

/** Rows that Parquet's writer holds at once: with its own 122 880 it left no memory to those who look. */
const parquetRows = 20_480;

const formats: Record<ExportFormat, { options: string; type: string }> = {
  ndjson: { options: `format json, ${utc}`, type: 'application/x-ndjson' },
  csv: { options: `format csv, header true, ${utc}`, type: 'text/csv; charset=utf-8' },
  parquet: {
    options: `format parquet, compression zstd, row_group_size ${parquetRows}`,
    type: 'application/vnd.apache.parquet',
  },
};

export const isExportFormat = (name: string): name is ExportFormat => Object.hasOwn(formats, name);

/** A spreadsheet runs a cell that begins like this; https://owasp.org/www-community/attacks/CSV_Injection */
const harmless = (column: string): string =>
  `case when regexp_matches(${column}, '^[=+@\\t\\r-]') then '''' || ${column} else ${column} end as ${column}`;

const readTextColumns = async (reader: Reader): Promise<string[]> => {
  const rows = await reader.query(
    "select column_name as name from duckdb_columns() where table_name = 'events' and data_type = 'VARCHAR'",
  );
  return rows.map(({ name }) => String(name));
};

const columnsFor = async (reader: Reader, format: ExportFormat): Promise<string> => {
  if (format !== 'csv') return '*';
  const columns = await readTextColumns(reader);
  return columns.length === 0 ? '*' : `* replace (${columns.map(harmless).join(', ')})`;
};

/** Written in a folder of its own, for the database would let everyone on this machine read it. */
const writeFile = async (format: ExportFormat, write: (path: string) => Promise<unknown>): Promise<FileHandle> => {
  const folder = await mkdtemp(join(tmpdir(), 'meeting-join-events-'));
  try {
    const path = join(folder, `events.${format}`);
    await write(path);
    return await open(path);
  } finally {
    // An open file can be read without its name, and whatever ends the harness, nothing of it stays.
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * The period's records as one file, written by the database and gone once it was sent. They come in no
 * order: sorting a million of them does not fit into its memory beside a Parquet writer.
 */
export const exportEvents = async (reader: Reader, filters: Filters, format: ExportFormat): Promise<Response> => {
  const { options, type } = formats[format];
  const where = whereSql(recordConditions(filters));
  const columns = await columnsFor(reader, format);
  // Kept in order, whole blocks of written text would wait for their turn in memory, beyond the database's limit.
  await reader.query('set preserve_insertion_order = false');
  const rows = `select ${columns} from events ${where.text}`;
  const file = await writeFile(format, path =>
    reader.query(`copy (${rows}) to '${path.replaceAll("'", "''")}' (${options})`, where.values),
  );
  return new Response(Readable.toWeb(file.createReadStream()) as ReadableStream, {
    headers: {
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="meeting-join-events.${format}"`,
      'Cache-Control': 'no-store',
    },
  });
};
