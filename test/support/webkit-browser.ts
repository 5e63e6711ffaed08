/** WebKitGTK's MiniBrowser: an ordinary, persistent session under Xvfb, driven through the remote inspector. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, LaunchOptions, Page } from './browser.js';
import { contentFilter } from './content-blocker.js';
import { startDisplay } from './display.js';
import { binaryOf } from './engines.js';
import { freePort } from './ports.js';
import { awaitExit, cpuSecondsOf, killTree, newMark, stopTree } from './processes.js';
import { attachInspector, type Inspector, listTargets } from './webkit-inspector.js';

const patienceMs = 30_000;

const until = async <T>(what: string, probe: () => Promise<T | undefined>): Promise<T> => {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const found = await probe().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(40);
  }
  throw new Error(`WebKit: ${what} took longer than ${patienceMs} ms`);
};

/** Everything that MiniBrowser keeps goes below the profile. */
const profileEnvironment = (profileDir: string): NodeJS.ProcessEnv => {
  const directories = {
    HOME: join(profileDir, 'home'),
    XDG_DATA_HOME: join(profileDir, 'data'),
    XDG_CACHE_HOME: join(profileDir, 'cache'),
    XDG_CONFIG_HOME: join(profileDir, 'config'),
    XDG_RUNTIME_DIR: join(profileDir, 'run'),
    TMPDIR: join(profileDir, 'tmp'),
  };
  for (const directory of Object.values(directories)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Nobody looks: drawing without the graphics processor that is not there costs half of opening a page.
  const drawing = { LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_DMABUF_RENDERER: '1' };
  return { ...directories, ...drawing, NO_AT_BRIDGE: '1', GTK_A11Y: 'none' };
};

/** Tells one document from the next, and when it has loaded. */
const documentState = async (
  inspector: Inspector,
): Promise<{ origin: string; isBlank: boolean; isLoaded: boolean }> => {
  const expression = "[performance.timeOrigin, location.protocol, document.readyState].join(' ')";
  const [origin = '', protocol, ready] = String(await inspector.evaluate(expression)).split(' ');
  return { origin, isBlank: protocol === 'about:', isLoaded: ready === 'complete' };
};

const loaded = (inspector: Inspector, before?: string): Promise<true> =>
  until('loading', async () => {
    const { origin, isBlank, isLoaded } = await documentState(inspector);
    return isLoaded && !isBlank && origin !== before ? true : undefined;
  });

const toPage = (inspector: Inspector): Page => {
  const navigate = async (method: string, parameters: object) => {
    const { origin } = await documentState(inspector);
    await inspector.send(method, parameters);
    await loaded(inspector, origin);
  };
  return {
    evaluate: (run, ...parameters) => {
      const call = `(${run})(...${JSON.stringify(parameters)})`;
      return inspector.evaluate(`(async () => ${call})()`) as Promise<never>;
    },
    goto: url => navigate('Page.navigate', { url }),
    reload: () => navigate('Page.reload', { ignoreCache: false }),
    hardReload: () => navigate('Page.reload', { ignoreCache: true, revalidateAllResources: true }),
    close: async () => {
      await Promise.race([inspector.evaluate('window.close()'), sleep(1_000)]).catch(() => undefined);
      inspector.close();
    },
  };
};

export const launchWebKit = async (options: LaunchOptions): Promise<Browser> => {
  const binary = binaryOf('webkit');
  if (binary === undefined) throw new Error('webkit is not installed');
  const mark = newMark();
  const address = `127.0.0.1:${await freePort()}`;
  const display = await startDisplay(mark.env);
  const env = {
    ...mark.env,
    ...profileEnvironment(options.profileDir),
    DISPLAY: display.name,
    WEBKIT_INSPECTOR_HTTP_SERVER: address,
  };
  const parameters = [
    '--enable-developer-extras=true',
    '--javascript-can-open-windows-automatically=true',
    ...(options.blockedPath ? [`--content-filter=${contentFilter(options.profileDir, options.blockedPath)}`] : []),
    ...(options.switches ?? []),
    'about:blank',
  ];
  const browser = spawn(binary, parameters, { env, stdio: 'ignore', detached: true });
  const end = async () => {
    await killTree(browser.pid, mark.value);
    display.stop();
  };

  const known = new Set<string>();
  /** The target that was not there before. */
  const newTarget = () =>
    until('opening a tab', async () => {
      const fresh = (await listTargets(address)).find(({ path }) => !known.has(path));
      if (fresh) known.add(fresh.path);
      return fresh;
    });

  try {
    // The first tab stays: it opens the others, and keeps the browser alive when they close.
    const keeper = await attachInspector(address, (await newTarget()).path);
    const pages = new Set<Page>();
    return {
      engine: 'webkit',
      open: async url => {
        await keeper.evaluate(`void window.open(${JSON.stringify(url)}, '_blank', 'noopener')`);
        const inspector = await attachInspector(address, (await newTarget()).path);
        const page = toPage(inspector);
        pages.add(page);
        await loaded(inspector);
        return page;
      },
      kill: end,
      sleep: forMs => stopTree(mark.value, forMs),
      cpuSeconds: () => cpuSecondsOf(mark.value),
      quit: async () => {
        for (const page of pages) await page.close().catch(() => undefined);
        await Promise.race([keeper.evaluate('window.close()'), sleep(500)]).catch(() => undefined);
        await awaitExit(browser.pid, mark.value, 300).finally(end);
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
};
