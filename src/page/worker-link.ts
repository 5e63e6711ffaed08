import { Workbox } from 'workbox-window';
import { channelName, type FlushMessage, type FlushReply, type FlushReport, type Trigger } from '../delivery/index.js';

/** A worker that has not said it heard us by then is none: the page sends. Starting a cold one takes tenths of a second. */
const answerTimeoutMs = 2_000;
const reportTimeoutMs = 60_000;
/** `sync.register` can hang, for one in headless Chromium without a network. */
const syncTimeoutMs = 1_000;

export interface WorkerLink {
  /** Asks the worker to flush. @returns undefined when there is none that answers: the page must send itself */
  flush(trigger: Trigger): Promise<FlushReport | undefined>;
  /** Asks the browser to wake the worker when the network is back, where it can (Background Sync: Chromium). */
  requestSync(): Promise<void>;
}

const within = <T>(ms: number, promise: Promise<T>): Promise<T | undefined> =>
  Promise.race([promise, new Promise<undefined>(resolve => setTimeout(resolve, ms))]);

interface TrustedTypes {
  createPolicy(name: string, rules: object): { createScriptURL(url: string): string };
}

/** Under `require-trusted-types-for 'script'` a plain string is refused, and so is a second policy of one name. */
let policy: ReturnType<TrustedTypes['createPolicy']> | undefined;
const trusted = (url: string): string => {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  policy ??= trustedTypes?.createPolicy(channelName, { createScriptURL: (given: string) => given });
  return policy?.createScriptURL(url) ?? url;
};

const register = async (workerSrc: string): Promise<ServiceWorkerRegistration | undefined> => {
  // The constructor throws in insecure contexts, where there are no workers.
  if (!workerSrc || !navigator.serviceWorker) return undefined;
  return new Workbox(trusted(workerSrc)).register();
};

const ask = (worker: ServiceWorker, trigger: Trigger): Promise<FlushReport | undefined> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    const settle = (report?: FlushReport) => {
      clearTimeout(timer);
      port1.close();
      resolve(report);
    };
    let timer = setTimeout(settle, answerTimeoutMs);
    port1.onmessage = ({ data }: MessageEvent<FlushReply>) => {
      if (data !== true) return settle(data);
      clearTimeout(timer);
      timer = setTimeout(settle, reportTimeoutMs);
    };
    const message: FlushMessage = { [channelName]: trigger };
    worker.postMessage(message, [port2]);
  });

/**
 * Registers the worker and keeps a line to it. Never throws: whatever is wrong (404, scope, policy, insecure
 * context), the page sends.
 */
export const linkWorker = (workerSrc: string): WorkerLink => {
  let registration: ServiceWorkerRegistration | undefined;
  register(workerSrc).then(
    registered => {
      registration = registered;
    },
    error => console.warn(`meeting-join-telemetry: the page sends, it has no worker. ${error}`),
  );
  return {
    flush: async trigger => {
      const worker = registration?.active;
      return worker ? ask(worker, trigger) : undefined;
    },
    requestSync: async () => {
      const { sync } = (registration ?? {}) as { sync?: { register(tag: string): Promise<void> } };
      // Denied or hanging: the other triggers drain the queue.
      await within(syncTimeoutMs, sync?.register(channelName).catch(() => {}) ?? Promise.resolve());
    },
  };
};
