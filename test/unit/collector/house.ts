/** A collector over a temporary folder, and requests as the tag makes them. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Attributes,
  type EventName,
  toExportRequest,
  toKeyValues,
  toUnixNano,
} from 'meeting-join-telemetry/practices.js';
import { type Collector, type CollectorOptions, createCollector } from '../../../demo/collector/index.js';

export const collectorKey = 'a key that only this collector has';
export const opsToken = 'operator';

export const makeDataDir = async (context: TestContext): Promise<string> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'collector-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
};

export const openCollector = async (
  context: TestContext,
  options: Partial<CollectorOptions> = {},
): Promise<Collector> => {
  const dataDir = options.dataDir ?? (await makeDataDir(context));
  const collector = await createCollector({ collectorKey, opsToken, ...options, dataDir });
  context.after(() => collector.close());
  return collector;
};

export const logRecord = (eventName: EventName, attributes: Attributes = {}, recordedAt = Date.now()) => ({
  timeUnixNano: toUnixNano(recordedAt),
  severityNumber: 9,
  eventName,
  attributes: toKeyValues({ 'log.record.uid': randomUUID(), ...attributes }),
});

type Category = Parameters<typeof toExportRequest>[0];

export const exportRequest = (category: Category, records: ReturnType<typeof logRecord>[], sentAt = Date.now()) =>
  toExportRequest(
    category,
    '1.0.0',
    toKeyValues({ 'service.name': 'JoinLauncher', 'os.name': 'Windows' }),
    records,
    sentAt,
  );

export const post = async (
  { app }: Collector,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  app.request('/v1/logs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });

/** Every byte under a folder, to look for what must not be there. */
export const readBytes = async (dataDir: string): Promise<Buffer> => {
  const names = await readdir(dataDir);
  return Buffer.concat(await Promise.all(names.map(name => readFile(join(dataDir, name)))));
};
