/** A page and its worker, and the collector as `npm start` runs it, on another origin. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { browserTest, inChromium } from './browsing.js';
import { pageWith } from './site.js';

const opsToken = 'a-token-of-the-package-tests';

interface Harness {
  process: ChildProcess;
  origin: string;
}

const startHarness = async (dataDir: string, corsOrigin: string): Promise<Harness> => {
  const process_ = spawn(process.execPath, ['build/demo/serve.js'], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, OPS_TOKEN: opsToken, CORS_ORIGINS: corsOrigin },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of process_.stdout ?? []) {
    said += chunk;
    const [, origin] = /(http:\/\/localhost:\d+)\/ops\//.exec(said) ?? [];
    if (origin) return { process: process_, origin };
  }
  throw new Error(`The harness did not start: ${said}`);
};

const attempts = async (origin: string): Promise<number> => {
  const headers = { Authorization: `Bearer ${opsToken}` };
  const response = await fetch(`${origin}/api/summary?pool=pool01.contoso.com`, { headers });
  assert.equal(response.status, 200);
  return ((await response.json()) as { attempts: number }).attempts;
};

browserTest(
  'what a page sends stands in the summary of a collector elsewhere',
  async ({ site, start }) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mjt-data-'));
    const harness = await startHarness(dataDir, site.origin);
    try {
      site.mount('/', 'dist');
      site.mount('/dist/', 'dist');
      const attributes = {
        endpoint: `${harness.origin}/v1/logs`,
        'config-src': `${harness.origin}/web-service-configuration.json`,
      };
      site.resources.set('/', pageWith(attributes));
      const browser = await start();
      await browser.open(site.origin);
      const deadline = Date.now() + 15_000;
      while ((await attempts(harness.origin)) === 0 && Date.now() < deadline) await sleep(100);
      assert.equal(await attempts(harness.origin), 1);
      assert.deepEqual(site.said, []);
    } finally {
      const ended = once(harness.process, 'exit');
      harness.process.kill();
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  inChromium,
);
