import type { FlushMessage, FlushReply } from '../delivery/channel.js';
import { channelName } from '../delivery/names.js';
import type { FlushReport, Trigger } from '../delivery/sender.js';
import { toUrl } from './url.js';

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

/** What the page itself loads comes first: the worker is for later. */
const whenLoaded = () =>
  document.readyState === 'complete' || new Promise(resolve => addEventListener('load', resolve));

/** The worker that the browser keeps from an earlier visit, or a new one when it is active. */
const activate = async (workerSrc: string): Promise<ServiceWorker | null> => {
  const { serviceWorker } = navigator;
  const href = toUrl(workerSrc);
  const known = await serviceWorker.getRegistration(href);
  if (known?.active?.scriptURL === href) {
    // In the background; out of reach it says no.
    void known.update().catch(() => {});
    return known.active;
  }
  await whenLoaded();
  const registration = await serviceWorker.register(trusted(href));
  const worker = registration.installing ?? registration.waiting;
  await new Promise<void>(resolve => {
    const check = () => registration.active && resolve();
    worker?.addEventListener('statechange', check);
    check();
  });
  return registration.active;
};

/** Asks the worker to flush. @returns undefined when it does not answer */
export const askWorker = (worker: ServiceWorker, trigger: Trigger): Promise<FlushReport | undefined> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    const end = (report?: FlushReport) => {
      port1.close();
      resolve(report);
    };
    let timer = setTimeout(end, answerTimeoutMs);
    port1.onmessage = ({ data }: MessageEvent<FlushReply>) => {
      clearTimeout(timer);
      if (data === true) timer = setTimeout(end, reportTimeoutMs);
      else end(data);
    };
    const message: FlushMessage = { [channelName]: trigger };
    worker.postMessage(message, [port2]);
  });

/**
 * Registers the worker. Never rejects: whatever is wrong (404, scope, policy, insecure context), the page sends.
 * @returns undefined when there is none within a few seconds
 */
export const startWorker = async (workerSrc: string): Promise<ServiceWorker | null | undefined> => {
  if (!workerSrc) return undefined;
  try {
    if (!navigator.serviceWorker) throw Error('Insecure contexts have none.');
    return await within(activationTimeoutMs, activate(workerSrc));
  } catch (error) {
    console.warn(`meeting-join-telemetry: the page sends, it has no worker. ${error}`);
    return undefined;
  }
};
