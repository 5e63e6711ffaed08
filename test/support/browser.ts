/**
 * One small interface over three engines, for tests that Node drives: profiles that outlive the browser, tabs, and
 * SIGKILL of the whole process tree.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineName } from './engines.js';
import { launchPuppeteer } from './puppeteer-browser.js';
import { launchWebKit } from './webkit-browser.js';

// biome-ignore lint/suspicious/noExplicitAny: a function that is sent to the page may take whatever can be cloned.
type PageFunction<Parameters extends any[], Result> = (...parameters: Parameters) => Result | Promise<Result>;

export interface Page {
  // biome-ignore lint/suspicious/noExplicitAny: see PageFunction.
  evaluate<Parameters extends any[], Result>(
    run: PageFunction<Parameters, Result>,
    ...parameters: Parameters
  ): Promise<Result>;
  /** Resolves when the document has loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Past the cache and past the service worker: `controller` is null afterwards. */
  hardReload(): Promise<void>;
  /** As a user closes a tab: pagehide is fired. */
  close(): Promise<void>;
}

export interface ChromiumControls {
  stopAllWorkers(): Promise<void>;
  dispatchSync(origin: string, tag: string, options?: { lastChance: boolean }): Promise<void>;
  overrideQuota(origin: string, quotaBytes: number | undefined): Promise<void>;
  /** A command of the DevTools protocol, to one page. */
  send(page: Page, method: string, parameters?: object): Promise<unknown>;
}

export interface Browser {
  engine: EngineName;
  open(url: string): Promise<Page>;
  /** SIGKILL of every process of the browser, at once. */
  kill(): Promise<void>;
  /** As a user quits. */
  quit(): Promise<void>;
  /** None of its processes runs for so long, as when the computer sleeps. */
  sleep(forMs: number): Promise<void>;
  /** Processor time that its processes have used so far. */
  cpuSeconds(): number;
  chromium?: ChromiumControls;
}

export interface LaunchOptions {
  profileDir: string;
  /** Added to the browser's command line (Chromium, WebKit). */
  switches?: string[];
  /** Firefox's about:config. */
  preferences?: Record<string, boolean | number | string>;
  /** A content blocker refuses every request whose URL holds this. */
  blockedPath?: string;
}

export const launch = (engine: EngineName, options: LaunchOptions): Promise<Browser> =>
  engine === 'webkit' ? launchWebKit(options) : launchPuppeteer(engine, options);

export const newProfile = (): string => mkdtempSync(join(tmpdir(), 'mjt-'));

export const removeProfile = (profileDir: string): void =>
  rmSync(profileDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
