import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { type Collector, createCollector } from '../../demo/collector/index.js';
import { createLauncher } from '../../demo/launcher/routes.js';
import { createOps } from '../../demo/ops/index.js';
import { seedStore } from '../../demo/ops/seed.js';
import { type Browser, launch, newProfile, type Page, removeProfile } from '../support/browser.js';

const opsToken = 'sesame';
const collectorKey = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const waitMs = 15_000;

/** The built tag and its worker, as the harness serves them. */
const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));

/** The harness on a free port, with its own empty store. */
export interface Harness {
  origin: string;
  collector: Collector;
  signIn: string;
  seed(): Promise<void>;
  /** One join that failed with `server_busy`, as its tag would report it. */
  send(id: string, pool?: string): Promise<void>;
  /** What a page reports of which nobody joins. */
  sendVital(): Promise<void>;
  close(): Promise<void>;
}

const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
});

const toRecord = (eventName: string, uid: string, attributes: Record<string, string | number>): unknown => ({
  timeUnixNano: `${Date.now()}000000`,
  severityNumber: 9,
  eventName,
  attributes: Object.entries({ 'log.record.uid': uid, ...attributes }).map(([key, value]) => attribute(key, value)),
});

const toRequest = (category: 'usage' | 'error', logRecords: unknown[]): unknown => {
  const scope = { name: `meeting-join-telemetry/${category}`, version: '0', attributes: [] };
  return { resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ scope, logRecords }] }] };
};

const vital = (): unknown =>
  toRequest('error', [
    toRecord('browser.web_vital', 'vital', { 'browser.web_vital.name': 'lcp', 'browser.web_vital.value': 900 }),
  ]);

const busyJoin = (id: string, pool: string): unknown => {
  const record = (eventName: string, uid: string, more: Record<string, string | number>) =>
    toRecord(eventName, uid, {
      'meeting.join.id': id,
      'meeting.join.method': 'web-app',
      'meeting.pool': pool,
      ...more,
    });
  const failed = {
    'meeting.join.result': 'unexpected_failure',
    'meeting.join.duration_ms': 900,
    'error.type': 'server_busy',
    'meeting.join.error.code': '7',
  };
  return toRequest('usage', [
    record('meeting.join.attempt', `${id}-a`, {}),
    record('meeting.join.result', `${id}-r`, failed),
  ]);
};

const addTag = (app: Hono): void => {
  app.use('/dist/*', serveStatic({ root: dist, rewriteRequestPath: path => path.replace(/^\/dist/, '') }));
  app.use('/meeting-join-telemetry-sw.js', serveStatic({ root: dist }));
};

/** Without the tag's script unless asked for: what is tested here is the pages around it. */
export const openHarness = async ({ hasTag = false } = {}): Promise<Harness> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mjt-console-'));
  const collector = await createCollector({ dataDir, collectorKey, opsToken });
  const ops = createOps(collector, { opsToken, collectorKey, isLoopback: true });
  const app = new Hono();
  app.route('/', collector.app);
  app.route('/', ops.app);
  app.route('/launcher/', createLauncher());
  if (hasTag) addTag(app);
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (request: unknown): Promise<void> => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${origin}/v1/logs`, { method: 'POST', headers, body: JSON.stringify(request) });
    if (response.status !== 200) throw new Error(`The collector answered ${response.status}`);
  };
  return {
    origin,
    collector,
    signIn: `${origin}/ops/?token=${opsToken}`,
    seed: async () => {
      await seedStore(collector, collectorKey, Date.now());
    },
    send: (id, pool = 'pool01.contoso.com') => post(busyJoin(id, pool)),
    sendVital: () => post(vital()),
    close: async () => {
      ops.close();
      await new Promise(resolve => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
      await collector.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export interface Visitor {
  browser: Browser;
  page: Page;
  /** Waits until the expression is truthy in the page. */
  until(expression: string): Promise<void>;
  read<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  prefer(scheme: 'light' | 'dark'): Promise<void>;
  /** What axe-core finds wrong, in words. */
  violations(): Promise<string[]>;
  leave(): Promise<void>;
}

const keyCodes: Record<string, number> = { Tab: 9, Enter: 13, Escape: 27, ArrowRight: 39, ArrowLeft: 37 };

interface AxeResults {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

export const visit = async (url: string): Promise<Visitor> => {
  const profileDir = newProfile();
  const browser = await launch('chromium', { profileDir });
  const page = await browser.open(url);
  const { chromium } = browser;
  if (!chromium) throw new Error('Only Chromium speaks the DevTools protocol');
  const read = async <T>(expression: string): Promise<T> => {
    const parameters = { expression, awaitPromise: true, returnByValue: true };
    const answer = await chromium.send(page, 'Runtime.evaluate', parameters);
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(`${exceptionDetails.text}: ${JSON.stringify(result)} in ${expression}`);
    return result.value;
  };
  return {
    browser,
    page,
    read,
    until: async expression => {
      const lateMs = Date.now() + waitMs;
      while (!(await read<boolean>(`!!(${expression})`))) {
        if (Date.now() > lateMs) {
          const shown = await read<string>('document.body.innerText.slice(0, 1500)');
          throw new Error(`Still not so: ${expression}\n${shown}`);
        }
        await sleep(50);
      }
    },
    press: async key => {
      const event = {
        key,
        code: key,
        windowsVirtualKeyCode: keyCodes[key],
        ...(key === 'Enter' ? { text: '\r' } : {}),
      };
      await chromium.send(page, 'Input.dispatchKeyEvent', { type: 'keyDown', ...event });
      await chromium.send(page, 'Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    prefer: async value => {
      await chromium.send(page, 'Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
    },
    violations: async () => {
      const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      await read(`${source}; undefined`);
      const { violations } = await read<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
      return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} — ${node.failureSummary}`));
    },
    leave: async () => {
      await browser.quit();
      removeProfile(profileDir);
    },
  };
};
