import type { FlushMessage, FlushReply } from '../delivery/channel.js';
import { channelName } from '../delivery/names.js';
import type { FlushReport, Trigger } from '../delivery/sender.js';

/** A worker that has not said it heard us by then is none: the page sends. Starting a cold one takes tenths of a second. */
const answerTimeoutMs = 2_000;
const reportTimeoutMs = 60_000;

/** How long a first visit waits for its worker to become active before the page sends; all is durable meanwhile. */
const activationTimeoutMs = 5_000;

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

const within = <T>(ms: number, promise: Promise<T>): Promise<T | undefined> =>
  Promise.race([promise, new Promise<undefined>(resolve => setTimeout(resolve, ms))]);

/** The registration of an earlier visit: the browser keeps it, so only a first visit loads what registers. */
const findRegistration = async (workerSrc: string) => {
  const { href } = new URL(workerSrc, document.baseURI);
  const registration = await navigator.serviceWorker.getRegistration(href);
  if (registration?.active?.scriptURL !== href) return undefined;
  // As `register` would; in the background, and out of reach it says no.
  void registration.update().catch(() => {});
  return registration;
};

const register = async (workerSrc: string) => {
  const { Workbox } = await import('workbox-window');
  // `getSW` and `messageSW` can hang after a hard reload, so neither is used.
  return new Workbox(trusted(workerSrc)).register();
};

const activate = async (workerSrc: string): Promise<ServiceWorker | null | undefined> => {
  const registration = (await findRegistration(workerSrc)) ?? (await register(workerSrc));
  if (registration?.active) return registration.active;
  const worker = registration?.installing ?? registration?.waiting;
  await new Promise<void>(resolve => {
    worker?.addEventListener('statechange', () => registration?.active && resolve());
  });
  return registration?.active;
};

/** Asks the worker to flush. @returns undefined when it does not answer */
export const askWorker = (worker: ServiceWorker, trigger: Trigger): Promise<FlushReport | undefined> =>
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
 * Registers the worker. Never rejects: whatever is wrong (404, scope, policy, insecure context), the page sends.
 * @returns undefined when there is none within a few seconds
 */
export const startWorker = async (workerSrc: string): Promise<ServiceWorker | undefined> => {
  if (!workerSrc) return undefined;
  try {
    if (!navigator.serviceWorker) throw Error('Insecure contexts have none.');
    return (await within(activationTimeoutMs, activate(workerSrc))) ?? undefined;
  } catch (error) {
    console.warn(`meeting-join-telemetry: the page sends, it has no worker. ${error}`);
    return undefined;
  }
};
