/** A real Kafka, one broker, from Maven's packages where Java and Maven are at hand. Kept in the user's cache, never in the checkout. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, type Hop } from './hops.js';
import { cacheFolder, exists } from './otelcol.js';

const run = promisify(execFile);

export const kafkaVersion = '4.1.1';
const installWithinMs = 10 * 60_000;
const startWithinMs = 30_000;

/** The message says what was missing. */
export class NoKafkaError extends Error {}

const project = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kafka</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version>
  </dependency></dependencies>
</project>
`;

const tool = async (cwd: string, name: string, ...words: string[]): Promise<void> => {
  try {
    await run(name, words, { cwd, timeout: installWithinMs });
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim().split('\n')[0];
    throw new NoKafkaError(code === 'ENOENT' ? `${name} is not installed` : `${name}: ${said}`);
  }
};

/** @returns its class path. @throws NoKafkaError */
export const installKafka = async (): Promise<string> => {
  const folder = join(cacheFolder, `kafka-${kafkaVersion}`);
  const done = join(folder, 'installed');
  await tool('.', 'java', '-version');
  if (!(await exists(done))) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'pom.xml'), project);
    await tool(folder, 'mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib');
    await writeFile(done, '');
  }
  return join(folder, 'lib', '*');
};

const settings = (folder: string, port: number, controllerPort: number): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'log')}
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
`;

const accepts = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export const startKafka = async (classPath: string, folder: string): Promise<Hop> => {
  const port = await freePort();
  const file = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(file, settings(folder, port, await freePort()));
  const java = ['-Xmx512m', '-cp', classPath];
  await tool(folder, 'java', ...java, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', file);
  const child = spawn('java', [...java, 'kafka.Kafka', file], { cwd: folder, stdio: 'ignore' });
  const deadline = Date.now() + startWithinMs;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Kafka did not start');
    await sleep(200);
  }
  return { child, port };
};
