/** One run of @web/test-runner over the engines, which it drives through our own launchers. */
import type { BrowserLauncher, TestRunnerConfig } from '@web/test-runner';
import { startTestRunner, summaryReporter } from '@web/test-runner';
import { type Browser, launch, newProfile, type Page, removeProfile } from './browser.js';
import type { EngineName } from './engines.js';
import { freePort } from './ports.js';
import { countFailure, countPass, countSkip, type Tally } from './tally.js';

const launcherOf = (engine: EngineName): BrowserLauncher => {
  const sessions = new Map<string, { page: Page; url: string }>();
  let profileDir: string;
  let browser: Promise<Browser> | undefined;
  const started = (): Promise<Browser> => {
    browser ??= launch(engine, { profileDir });
    return browser;
  };
  return {
    name: engine,
    type: engine,
    concurrency: 1,
    initialize: () => {
      profileDir = newProfile();
    },
    startSession: async (sessionId, url) => {
      const page = await (await started()).open(url);
      sessions.set(sessionId, { page, url });
    },
    isActive: sessionId => sessions.has(sessionId),
    getBrowserUrl: sessionId => sessions.get(sessionId)?.url,
    stopSession: async sessionId => {
      const session = sessions.get(sessionId);
      sessions.delete(sessionId);
      await session?.page.close();
      return { errors: [] };
    },
    stop: async () => {
      await (await browser?.catch(() => undefined))?.kill();
      removeProfile(profileDir);
    },
    startDebugSession: () => Promise.reject(new Error(`Debugging in ${engine} is not supported`)),
  };
};

type Middleware = NonNullable<TestRunnerConfig['middleware']>[number];

/** Workers are served from below /dist/, and are to control the whole origin. */
const allowWorkers: Middleware = async (context, next) => {
  await next();
  context.set('Service-Worker-Allowed', '/');
};

interface SuiteResult {
  name: string;
  suites: SuiteResult[];
  tests: { name: string; passed: boolean; skipped: boolean; error?: { message: string } }[];
}

const countSuite = (tally: Tally, where: string, suite: SuiteResult): void => {
  const path = suite.name ? `${where} › ${suite.name}` : where;
  for (const test of suite.tests) {
    const name = `${path} › ${test.name}`;
    if (test.skipped) countSkip(tally, name);
    else if (test.passed) countPass(tally);
    else countFailure(tally, `${name}: ${test.error?.message ?? 'failed'}`);
  }
  for (const inner of suite.suites) countSuite(tally, path, inner);
};

export const runBrowserTests = async (tally: Tally, engines: EngineName[], files: string[]): Promise<void> => {
  const runner = await startTestRunner({
    readCliArgs: false,
    readFileConfig: false,
    autoExitProcess: false,
    config: {
      files,
      rootDir: process.cwd(),
      port: await freePort(),
      nodeResolve: { exportConditions: ['browser', 'production'] },
      browsers: engines.map(launcherOf),
      concurrentBrowsers: 1,
      concurrency: 1,
      browserStartTimeout: 60_000,
      testsStartTimeout: 60_000,
      testsFinishTimeout: 120_000,
      testFramework: { config: { timeout: 30_000 } },
      middleware: [allowWorkers],
      reporters: [summaryReporter({ flatten: false })],
    },
  });
  if (!runner) throw new Error('The browser test runner did not start');
  await new Promise<void>(resolve => runner.on('stopped', () => resolve()));
  for (const session of runner.sessions.all()) {
    const where = `[${session.browser.name}] ${session.testFile.split('/').pop()}`;
    if (session.testResults) countSuite(tally, where, session.testResults as SuiteResult);
    for (const { message } of session.errors) countFailure(tally, `${where}: ${message}`);
    if (!session.testResults && session.errors.length === 0) countFailure(tally, `${where}: no result`);
  }
};
