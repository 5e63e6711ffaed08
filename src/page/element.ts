import { type PropertyValues, ReactiveElement } from '@lit/reactive-element';
import type { FlushReport, Notice } from '../delivery/index.js';
import { databaseName, isOurWorker } from '../delivery/names.js';
import { uuid } from '../delivery/uuid.js';
import { categories } from '../practices/catalog.js';
import type { Surface } from '../practices/gate.js';
import { DeliveredEvent, DroppedEvent, type Gate, GateEvent } from './events.js';
import { type Decision, decide } from './gate-reader.js';
import { whenActivated } from './instruments/activation.js';
import type { ErrorContext } from './instruments/errors.js';
import type { JoinAttempt, StartOptions, Verb } from './instruments/instrument.js';
import { joinElementOf } from './instruments/join-element.js';
import { trackJoin } from './instruments/track-join.js';
import type { Usage } from './instruments/usage.js';
import type { Opening, Session } from './opening.js';
import type { Receipt } from './purge.js';

/** Calls kept while the gate is pending. Nobody joins more often than that before a configuration has been read. */
const maxHeldCalls = 200;

/** Between two readings of a configuration that cannot be reached; news of the network shortens it. */
const rereadMs = 10_000;

/** Those that decide where the gate stands and where beacons go; the others only change what they say. */
const gateProperties: readonly PropertyKey[] = [
  'pool',
  'site',
  'configSrc',
  'endpoint',
  'surface',
  'workerSrc',
  'disableAutomaticSendTracing',
  'errorReportingOptIn',
];

const hasDatabase = async () => (await indexedDB.databases()).some(({ name }) => name === databaseName);

const hasWorker = async () =>
  ((await navigator.serviceWorker?.getRegistrations()) ?? []).some(
    ({ active }) => active && isOurWorker(active.scriptURL),
  );

/** Deletes what an earlier open gate of this pool left behind; loads nothing where nothing is left. */
const forget = async (pool: string) => {
  if (!(await hasDatabase()) && !(await hasWorker())) return;
  const { purge } = await import('./purge.js');
  await purge(route => route.pool.toLowerCase() === pool.toLowerCase());
};

/** Resolves when the network may be back. */
const whenOnline = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, rereadMs);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    addEventListener('online', stop, { once: true, signal });
    signal.addEventListener('abort', stop);
  });

const attribute = (name: string) => ({ attribute: name });

/**
 * `<meeting-join-telemetry>`: reads the pool's `MeetingUxEnableTelemetry` and, only when it is on, records who could
 * not join and why. Shows nothing and never throws into the page.
 *
 * @element meeting-join-telemetry
 * @fires {GateEvent} meeting-join-telemetry-gate - the gate has been decided, or has changed
 * @fires {DeliveredEvent} meeting-join-telemetry-delivered - records have been acknowledged
 * @fires {DroppedEvent} meeting-join-telemetry-dropped - records will never be delivered
 */
export class MeetingJoinTelemetryElement extends ReactiveElement {
  static override properties = {
    pool: {},
    site: {},
    configSrc: attribute('config-src'),
    endpoint: {},
    appName: attribute('app-name'),
    surface: {},
    workerSrc: attribute('worker-src'),
    federationPartner: attribute('federation-partner'),
    pseudonymKey: attribute('pseudonym-key'),
    disableAutomaticSendTracing: { ...attribute('disable-automatic-send-tracing'), type: Boolean },
    userId: { attribute: false },
    errorReportingOptIn: { attribute: false },
  };

  /** FQDN of the pool hosting the meeting. */
  declare pool: string;
  /** Site of the pool, where flags are set per site. */
  declare site: string;
  /** URL of the exported configuration. */
  declare configSrc: string;
  /** Full URL of OTLP logs ingest. */
  declare endpoint: string;
  /** `service.name` of every beacon. */
  declare appName: string;
  /** What the page is, which decides whose setting governs: `join-launcher`, `meetings-app` or `client`. */
  declare surface: Surface;
  /** URL of the service worker; empty: no worker. */
  declare workerSrc: string;
  /** The organization's registered name, sent in cleartext with usage data. */
  declare federationPartner: string;
  /** Keys the user pseudonym of this deployment; the pool's name when empty. */
  declare pseudonymKey: string;
  /** `client` surface only. */
  declare disableAutomaticSendTracing: boolean;
  /** Who is signed in; leaves the page only as the practices say. */
  declare userId: string;
  /** `client` surface only; the choice is remembered. */
  declare errorReportingOptIn: boolean;

  #gate: Gate = { state: 'pending', reason: 'the configuration has not been read yet' };
  #session: Session | undefined;
  /** The last one; before it, whatever an earlier visit was allowed. */
  #decision: Pick<Decision, 'categories' | 'skewMs'> = { categories: [...categories], skewMs: 0 };
  #held: ((session: Session) => void)[] = [];
  #ending = new AbortController();
  #resolveReady!: (gate: Gate) => void;

  /** The decided gate. */
  readonly ready = new Promise<Gate>(resolve => {
    this.#resolveReady = resolve;
  });

  constructor() {
    super();
    this.pool = this.site = this.configSrc = this.federationPartner = this.pseudonymKey = this.userId = '';
    this.endpoint = '/v1/logs';
    this.appName = 'JoinLauncher';
    this.surface = 'join-launcher';
    this.workerSrc = '/meeting-join-telemetry-sw.js';
    this.disableAutomaticSendTracing = this.errorReportingOptIn = false;
  }

  get gate(): Gate {
    return this.#gate;
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback() {
    super.connectedCallback();
    if (this.hasUpdated) this.#start();
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.#end();
  }

  protected override updated(changed: PropertyValues) {
    if (this.#session && ![...changed.keys()].some(name => gateProperties.includes(name))) {
      void this.#session.update(this.#opening);
    } else this.#start();
  }

  /** Starts a join attempt: one per intent of the user, retries and fallbacks are its stages. */
  startJoin(options: StartOptions = {}): JoinAttempt {
    const id = uuid();
    const startedAt = performance.now();
    this.#call(session => session.startJoin({ ...options, id }, startedAt));
    const act = (verb: Verb) => (argument?: unknown) => {
      const at = performance.now();
      this.#call(session => session.actOnJoin(id, verb, argument, at));
    };
    return {
      id,
      stage: act('stage'),
      pause: act('pause'),
      resume: act('resume'),
      succeed: act('succeed'),
      fail: act('fail'),
      abandon: act('abandon'),
    };
  }

  /** Follows a join to its end and hands its outcome on unchanged. */
  trackJoin<T>(work: PromiseLike<T> | (() => T | PromiseLike<T>), options?: StartOptions): Promise<T> {
    return trackJoin(this.startJoin(options), work);
  }

  recordSignIn(succeeded: boolean): void {
    this.#call(session => session.recordSignIn(succeeded));
  }

  recordUsage(usage: Usage): void {
    this.#call(session => session.recordUsage(usage));
  }

  recordError(error: unknown, context?: ErrorContext): void {
    this.#call(session => session.recordError(error, context));
  }

  /** Tries to send what waits. */
  async flush(): Promise<FlushReport> {
    return (await this.#session?.flush()) ?? { delivered: 0, dropped: 0, queued: 0, busy: false };
  }

  /** How many records wait. */
  async queued(): Promise<number> {
    return (await this.#session?.size())?.entries ?? 0;
  }

  /** Deletes queue, ids and worker of this origin, in every tab, and closes the gate until the page is opened again. */
  async purge(): Promise<Receipt> {
    this.#close({ reason: 'purged' });
    const { purge } = await import('./purge.js');
    const receipt = await purge(() => true);
    if (receipt.records) this.dispatchEvent(new DroppedEvent(receipt.records, 'purged'));
    return receipt;
  }

  #call(call: (session: Session) => void) {
    try {
      if (this.#session) call(this.#session);
      else if (this.#gate.state !== 'closed' && this.#held.length < maxHeldCalls) this.#held.push(call);
    } catch {
      // Telemetry never throws into the page.
    }
  }

  get #given() {
    const { pool, site, surface, appName, federationPartner, pseudonymKey, userId, workerSrc } = this;
    return { pool, site, surface, appName, federationPartner, pseudonymKey, userId, workerSrc };
  }

  get #opening(): Opening {
    const absolute = (url: string) => url && new URL(url, document.baseURI).href;
    const { categories, skewMs } = this.#decision;
    return {
      ...this.#given,
      endpoint: absolute(this.endpoint),
      configSrc: absolute(this.configSrc),
      categories,
      skewMs,
    };
  }

  #end() {
    this.#ending.abort();
    this.#session?.end();
    this.#session = undefined;
    this.#held = [];
  }

  #start() {
    this.#end();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#gate = { state: 'pending', reason: 'the configuration has not been read yet' };
    const hold = (event: Event) => {
      const element = this.#session ? undefined : joinElementOf(event);
      if (element) this.#call(session => session.click(event, element));
    };
    addEventListener('click', hold, { signal, capture: true });
    whenActivated(() => void this.#run(signal).catch(error => this.#close({ reason: `${error}` })), signal);
  }

  async #run(signal: AbortSignal) {
    const inline = this.querySelector('script[type="application/json"]')?.textContent ?? '';
    while (!signal.aborted) {
      const { disableAutomaticSendTracing, errorReportingOptIn } = this;
      const given = { ...this.#given, endpoint: this.endpoint, configSrc: this.configSrc, inline };
      const decision = await decide({ ...given, disableAutomaticSendTracing, errorReportingOptIn });
      if (signal.aborted) return;
      if (decision && !decision.categories.length) return this.#close(decision);
      if (await this.#open(signal, decision)) return;
      await whenOnline(signal);
    }
  }

  /** @returns false when there is more to do once the network is back: the flag or our own script could not be read */
  async #open(signal: AbortSignal, decision: Decision | undefined): Promise<boolean> {
    this.#decision = decision ?? this.#decision;
    try {
      // Without a database nothing allows to queue before the flag has been read, so nothing is loaded either.
      if (!decision && (this.#session || !(await hasDatabase()))) return false;
      const { openSession } = await import('./session.js');
      if (this.#session) await this.#session.update(this.#opening);
      else this.#adopt(await openSession(this.#opening, !decision, notice => this.#hear(notice)), signal);
    } catch {
      return false;
    }
    if (decision) this.#decide({ ...decision, state: 'open' });
    return !!decision;
  }

  #adopt(session: Session | undefined, signal: AbortSignal) {
    if (signal.aborted) return session?.end();
    this.#session = session;
    if (session) for (const call of this.#held.splice(0)) this.#call(() => call(session));
  }

  #close(decision: Pick<Decision, 'reason'> & Partial<Decision>) {
    this.#end();
    this.#decide({ ...decision, state: 'closed' });
    if (decision.isMistake) console.error(`<meeting-join-telemetry> collects nothing: ${decision.reason}`);
    if (decision.isExplicit) void forget(this.pool).catch(() => {});
  }

  #decide({ state, reason, scope, identity }: Gate) {
    this.#gate = { state, reason, scope, identity };
    this.#resolveReady(this.#gate);
    this.dispatchEvent(new GateEvent(this.#gate));
  }

  #hear(notice: Notice) {
    if (notice.type === 'delivered') this.dispatchEvent(new DeliveredEvent(notice.count));
    else if (notice.type === 'dropped') this.dispatchEvent(new DroppedEvent(notice.count, notice.reason));
    else if (this.#gate.state !== 'closed') {
      this.#close({ reason: notice.type === 'closed' ? notice.reason : 'purged' });
    }
  }
}
