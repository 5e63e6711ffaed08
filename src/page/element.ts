import { databaseName } from '../delivery/names.js';
import type { FlushReport } from '../delivery/sender.js';
import { uuid } from '../delivery/uuid.js';
import type { Surface } from '../practices/gate.js';
import { fire } from './fire.js';
import type { Gate } from './gate-event.js';
import { type Decision, decide } from './gate-reader.js';
import { whenActivated } from './instruments/activation.js';
import type { ErrorContext } from './instruments/errors.js';
import type { Act, JoinAttempt, StartOptions, Verb } from './instruments/instrument.js';
import { joinElementOf } from './instruments/join-element.js';
import { trackJoin } from './instruments/track-join.js';
import type { Usage } from './instruments/usage.js';
import { nothing, type Receipt, type Session } from './opening.js';

/** Calls kept while the gate is pending. Nobody joins more often than that before a configuration has been read. */
const maxHeldCalls = 200;

/** Between two readings of a configuration that cannot be reached; news of the network shortens it. */
const rereadMs = 10_000;

type Why = Omit<Gate, 'state'>;

const pending: Gate = { state: 'pending', reason: 'waiting for the configuration' };

/** The attributes, by property, and what stands where there is none. */
const defaults = {
  pool: '',
  site: '',
  configSrc: '',
  endpoint: '/v1/logs',
  appName: 'JoinLauncher',
  surface: 'join-launcher',
  workerSrc: '/meeting-join-telemetry-sw.js',
  federationPartner: '',
  pseudonymKey: '',
  disableAutomaticSendTracing: false,
};

const toAttribute = (property: string) => property.replace(/[A-Z]/g, capital => `-${capital.toLowerCase()}`);

/** Importing the package where there is no DOM must not fail. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;

/** Whether an earlier open gate, of this pool or another one, left something behind: the worker goes with the database. */
const hasLeftovers = async () => {
  try {
    return (await indexedDB.databases()).some(({ name }) => name === databaseName);
  } catch {
    return false;
  }
};

/**
 * `<meeting-join-telemetry>`: reads the pool's `MeetingUxEnableTelemetry` and, only when it is on, records who could
 * not join and why. Shows nothing and never throws into the page.
 *
 * It renders nothing, so it is a plain custom element: its properties reflect its attributes, as those of the
 * platform's own elements do.
 *
 * @element meeting-join-telemetry
 * @attr {string} pool - FQDN of the pool hosting the meeting
 * @attr {string} site - site of the pool, where flags are set per site
 * @attr {string} config-src - URL of the exported configuration
 * @attr {string} endpoint - full URL of OTLP logs ingest
 * @attr {string} app-name - `service.name` of every beacon
 * @attr {string} surface - `join-launcher`, `meetings-app` or `client`
 * @attr {string} worker-src - URL of the service worker; empty: no worker
 * @attr {string} federation-partner - the organization's registered name, sent in cleartext with usage data
 * @attr {string} pseudonym-key - keys the user pseudonym of this deployment; the pool's name when absent
 * @attr {boolean} disable-automatic-send-tracing - `client` surface only
 * @fires {GateEvent} meeting-join-telemetry-gate - the gate has been decided, or has changed
 * @fires {DeliveredEvent} meeting-join-telemetry-delivered - records have been acknowledged
 * @fires {DroppedEvent} meeting-join-telemetry-dropped - records will never be delivered
 */
export class MeetingJoinTelemetryElement extends Base {
  static readonly observedAttributes = Object.keys(defaults).map(toAttribute);

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

  static {
    for (const [property, absent] of Object.entries(defaults)) {
      const attribute = toAttribute(property);
      Object.defineProperty(MeetingJoinTelemetryElement.prototype, property, {
        get(this: Element) {
          return absent === false ? this.hasAttribute(attribute) : (this.getAttribute(attribute) ?? absent);
        },
        set(this: Element, value: string & boolean) {
          if (absent === false) this.toggleAttribute(attribute, value);
          else this.setAttribute(attribute, value);
        },
      });
    }
  }

  #gate = pending;
  #session: Session | undefined;
  #held: ((session: Session) => void)[] = [];
  #ending = new AbortController();
  #isStarting = false;
  #userId = '';
  /** What the page has said while there was no session to hear it. */
  #choice: boolean | undefined;
  #resolveReady!: (gate: Gate) => void;

  /** The decided gate. */
  readonly ready: Promise<Gate> = new Promise(resolve => {
    this.#resolveReady = resolve;
  });

  /** Who is signed in; leaves the page only as the practices say, and has no say in the gate. */
  get userId(): string {
    return this.#userId;
  }
  set userId(userId: string) {
    this.#userId = userId;
    void this.#session?.update();
  }

  /** `client` surface only; the choice is remembered. */
  get errorReportingOptIn(): boolean {
    return this.#session?.isOptedIn ?? !!this.#choice;
  }
  set errorReportingOptIn(isOptedIn: boolean) {
    if (!this.#session) this.#choice = isOptedIn;
    this.#call(session => void session.choose(isOptedIn));
  }

  /** Whether this page may collect, why, and where that was set. */
  get gate(): Gate {
    return this.#gate;
  }

  connectedCallback() {
    // What a page has set before the tag was defined hides the accessor of the same name.
    for (const property of Object.keys(this)) {
      const value = Reflect.get(this, property);
      if (property !== 'ready' && Reflect.deleteProperty(this, property)) Reflect.set(this, property, value);
    }
    this.#restart();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback() {
    this.#restart();
  }

  /** Starts a join attempt: one per intent of the user, retries and fallbacks are its stages. */
  startJoin(options?: StartOptions): JoinAttempt {
    const id = uuid();
    const at = performance.now();
    let started: Act | undefined;
    this.#call(session => {
      started = session.startJoin({ ...options, id, at });
    });
    const act = (verb: Verb) => (argument?: unknown) => {
      const when = performance.now();
      this.#call(() => started?.(verb, argument, when));
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

  /** Counts a sign-in, or one that failed: census. */
  recordSignIn(succeeded: boolean): void {
    this.#call(session => session.recordSignIn(succeeded));
  }

  /** Adds to the counters of usage; sums are kept on the device until they are sent. */
  recordUsage(usage: Usage): void {
    this.#call(session => session.recordUsage(usage));
  }

  /** Records an error that the page has handled. */
  recordError(error: unknown, context?: ErrorContext): void {
    this.#call(session => session.recordError(error, context));
  }

  /** Tries to send what waits. */
  async flush(): Promise<FlushReport> {
    return (await this.#session?.flush()) ?? nothing;
  }

  /** How many records wait. */
  async queued(): Promise<number> {
    return (await this.#session?.count()) ?? 0;
  }

  /** Deletes queue, ids and worker of this origin, in every tab, and closes the gate until the page is opened again. */
  purge(): Promise<Receipt> {
    this.#close({ reason: 'purged' });
    return this.#forget(() => true);
  }

  #call(call: (session: Session) => void) {
    try {
      if (this.#session) call(this.#session);
      else if (this.#gate === pending && this.#held.length < maxHeldCalls) this.#held.push(call);
    } catch {
      // Telemetry never throws into the page.
    }
  }

  #end() {
    this.#ending.abort();
    this.#session?.end();
    this.#session = undefined;
    this.#held = [];
  }

  /** Once for all attributes that change together. */
  #restart() {
    if (this.#isStarting || !this.isConnected) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      if (this.isConnected) this.#start();
    });
  }

  #start() {
    this.#end();
    this.#ending = new AbortController();
    this.#gate = pending;
    const { signal } = this.#ending;
    const click = (event: Event) => {
      const element = joinElementOf(event);
      if (element) this.#call(session => session.click(event, element));
    };
    addEventListener('click', click, { signal, capture: true });
    whenActivated(() => void this.#run(signal), signal);
  }

  async #run(signal: AbortSignal) {
    const inline = this.querySelector('script[type="application/json"]')?.textContent ?? '';
    while (!signal.aborted) {
      try {
        const decision = await decide(this, inline);
        if (signal.aborted) return;
        if (await this.#obey(signal, decision)) return;
      } catch (error) {
        const { message } = error as Error;
        console.error(`<meeting-join-telemetry> collects nothing: ${message}`);
        return this.#close({ reason: message });
      }
      await new Promise(resolve => {
        setTimeout(resolve, rereadMs);
        addEventListener('online', resolve, { once: true, signal });
      });
    }
  }

  /** @returns false when there is more to do once the network is back: the flag or our own script could not be read */
  async #obey(signal: AbortSignal, decision: Decision | undefined): Promise<unknown> {
    if (decision && !decision.enabled) return this.#closeFor(decision);
    // Without a database nothing allows to queue before the flag has been read, so nothing is loaded either.
    if (!decision && (this.#session || !(await hasLeftovers()))) return false;
    const loaded = await import('./session.js').catch(() => undefined);
    if (!loaded || signal.aborted) return false;
    if (this.#session) await this.#session.update(decision?.skewMs);
    else
      this.#adopt(
        await loaded.openSession(this, decision?.skewMs, this.#choice, reason => this.#close({ reason })),
        signal,
      );
    if (decision && !signal.aborted) this.#decide('open', decision);
    return decision;
  }

  #adopt(session: Session | undefined, signal: AbortSignal) {
    if (signal.aborted) return session?.end();
    if (!session) return;
    this.#session = session;
    this.#choice = undefined;
    for (const call of this.#held.splice(0)) this.#call(call);
  }

  /** The administrator says no: what earlier open gates of this pool left behind goes too. */
  async #closeFor(decision: Decision) {
    const { pool } = this;
    this.#close(decision);
    if (await hasLeftovers()) await this.#forget(route => route.pool === pool).catch(() => {});
    return true;
  }

  /** Deletes what earlier open gates left behind. */
  async #forget(isMeant: (route: { pool: string }) => boolean) {
    return (await import('./standby.js')).purge(isMeant, this);
  }

  #close(why: Why) {
    this.#end();
    // Who deleted everything has said no: an attribute that changes must not undo it.
    this.#isStarting ||= why.reason === 'purged';
    this.#decide('closed', why);
  }

  #decide(state: Gate['state'], { reason, scope, identity }: Why) {
    this.#gate = { state, reason, scope, identity };
    this.#resolveReady(this.#gate);
    fire(this, 'gate', { gate: this.#gate });
  }
}
