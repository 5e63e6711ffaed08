/**
 * `npm run test:scale`: both ways past one machine, against a real OpenTelemetry Collector and real engines.
 *
 *   gateway    the collector with OTEL_EXPORTER_OTLP_ENDPOINT → OpenTelemetry Collector, behind-gateway.yaml
 *   straight   an OpenTelemetry Collector with otel-collector.yaml
 *
 * and behind either an OTLP hop that writes a file, or ClickHouse, or Kafka before it. What is not to be had here is
 * skipped by name; where nothing was, the figures go to demo/scale/README.md.   npm run test:scale [-- seconds of each load]
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installClickHouse, NoEngineError } from './clickhouse.js';
import { freePort, type Hop, scaleFile, startCollector, startOtelcol, stop } from './hops.js';
import { installKafka, NoKafkaError } from './kafka.js';
import { buildOtelcol, NoCollectorError, version } from './otelcol.js';
import { checkFigures, checkQueue, checkStart, type Way } from './scale-engine.js';
import { measure, type Sizing, toSizing, toWays } from './scale-figures.js';
import { type DiskSize, measureStore, measureVisits, NoBrowserError } from './scale-sizing.js';
import {
  check,
  checkAnswers,
  checkDeclared,
  checkGateways,
  checkKafkaAway,
  checkPages,
  checkPseudonyms,
  checkRefusal,
  checkWeakKey,
} from './scale-ways.js';

const seconds = Number(process.argv[2] ?? 5);
const readmeFile = scaleFile('README.md');
const straightFiles = ['otel-collector.yaml', 'to-otlp.yaml'];

/** Every file that an operator may take, with every other that it may lie under. */
const checkConfigurations = async (program: string): Promise<void> => {
  const environment = {
    COLLECTOR_KEY: 'x'.repeat(16),
    NEXT_HOP: 'http://a:4318',
    CLICKHOUSE_ENDPOINT: 'http://a:8123',
  };
  for (const base of ['otel-collector', 'behind-gateway', 'from-kafka']) {
    for (const over of ['to-otlp', 'to-kafka', 'to-clickhouse']) {
      const words = [base, over].flatMap(name => ['--config', scaleFile(`${name}.yaml`)]);
      await promisify(execFile)(program, ['validate', ...words], { env: { ...process.env, ...environment } });
    }
  }
  check('OpenTelemetry Collector takes each configuration file with each that is laid over it');
};

type Loads = Pick<Sizing, 'single' | 'gateway' | 'straight'>;

const runWays = async (program: string, folder: string): Promise<Loads> => {
  const out = join(folder, 'next-hop.json');
  await mkdir(folder, { recursive: true });
  const nextPort = await freePort();
  const nextHop = `http://127.0.0.1:${nextPort}`;
  const hops: Hop[] = [];
  try {
    const straight = await startOtelcol(program, straightFiles, { NEXT_HOP: nextHop });
    hops.push(straight);
    const gateway = await startCollector(join(folder, 'gateway'), nextHop);
    hops.push(gateway);
    const ways = { gateway: gateway.port, straight: straight.port };
    await checkRefusal(ways);
    await checkAnswers(ways, nextPort);
    hops.push(await startOtelcol(program, ['next-hop.yaml'], { OUT: out }, nextPort));
    await checkPseudonyms(ways, out);
    await checkDeclared(ways, out);
    await checkPages(ways);
    await checkWeakKey(program, nextHop);
    await checkKafkaAway(program);
    await checkGateways(folder, nextHop, out);
    const single = await startCollector(join(folder, 'single'));
    hops.push(single);
    return {
      single: await measure('one machine, which stores', single, seconds),
      gateway: await measure('gateway', gateway, seconds),
      straight: await measure('straight to an OpenTelemetry Collector', straight, seconds),
    };
  } finally {
    await Promise.all(hops.map(hop => stop(hop)));
  }
};

const skipWhere = async <T>(missing: new () => Error, what: string, run: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof missing)) throw error;
    console.log(`skipped: ${what} (${error.message})`);
    return undefined;
  }
};

const runEngine = async (otelcol: string, folder: string): Promise<DiskSize> => {
  const python = await installClickHouse();
  const kafka = await skipWhere(NoKafkaError, 'Kafka between OpenTelemetry Collectors', installKafka);
  const tools = { otelcol, python, kafka };
  const ways: Way[] = ['gateway', 'straight', ...(kafka === undefined ? [] : ['straight and through Kafka' as const])];
  const size = await checkFigures(tools, ways, join(folder, 'figures'));
  await checkStart(tools, join(folder, 'start'));
  await checkQueue(tools, join(folder, 'queue'));
  return size;
};

const markers = /(<!-- figures -->).*(<!-- \/figures -->)/s;

const publish = async (figures: string): Promise<void> => {
  const text = await readFile(readmeFile, 'utf8');
  await writeFile(
    readmeFile,
    text.replace(markers, (_, before, after) => `${before}\n\n${figures}\n\n${after}`),
  );
};

const folder = await mkdtemp(join(tmpdir(), 'scale-'));
try {
  console.log(`building an OpenTelemetry Collector ${version}, or finding the one built before …`);
  await skipWhere(NoCollectorError, 'both ways past one machine: no OpenTelemetry Collector here', async () => {
    const program = await buildOtelcol();
    await checkConfigurations(program);
    const loads = await runWays(program, join(folder, 'ways'));
    const engine = await skipWhere(NoEngineError, 'ClickHouse behind either way', () => runEngine(program, folder));
    const visits = await skipWhere(NoBrowserError, 'what a visit makes', () => measureVisits(join(folder, 'visits')));
    const ways = toWays(Object.values(loads));
    console.log(`\n${ways}`);
    if (engine === undefined || visits === undefined) return;
    const store = await measureStore(join(folder, 'store'));
    const sizing = toSizing({ ...loads, engine, visits, store });
    console.log(`\n${sizing}`);
    await publish(`${ways}\n\n${sizing}`);
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
