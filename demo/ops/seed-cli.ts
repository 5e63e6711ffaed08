/** `npm run seed`: a made-up week, into the harness when it runs, else straight into its store. */
import { createCollector } from '../collector/index.js';
import { parseSettings, type Settings, SettingsError } from '../collector/settings.js';
import { StoreUnreadableError } from '../collector/store.js';
import { type Seeded, seedStore } from './seed.js';

/** The name that the harness prints, so that one cookie serves both addresses. */
const originOf = ({ host, port }: Settings): string =>
  `http://${host === '127.0.0.1' || host === '::1' ? 'localhost' : host}:${port}`;

/** Undefined when nothing listens there. */
const seedRunning = async (settings: Settings): Promise<Seeded | undefined> => {
  let response: Response;
  try {
    const headers = { Authorization: `Bearer ${settings.opsToken}` };
    response = await fetch(`${originOf(settings)}/api/seed`, { method: 'POST', headers });
  } catch {
    return undefined;
  }
  if (!response.ok) {
    throw new SettingsError(`${originOf(settings)} answers ${response.status}: is it the harness of this DATA_DIR?`);
  }
  return (await response.json()) as Seeded;
};

const seedStopped = async (settings: Settings): Promise<Seeded> => {
  const collector = await createCollector(settings);
  try {
    return await seedStore(collector, settings.collectorKey, Date.now());
  } finally {
    await collector.close();
  }
};

try {
  const settings = await parseSettings(process.env);
  const running = await seedRunning(settings);
  const { stored } = running ?? (await seedStopped(settings));
  const where = `${originOf(settings)}/ops/?token=${settings.opsToken}&synthetic=1`;
  process.stdout.write(`${stored.toLocaleString('en')} made-up records, all marked synthetic.\n`);
  process.stdout.write(running ? `Console  ${where}\n` : `Start the harness (npm start), then open ${where}\n`);
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof StoreUnreadableError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
