import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { chosenLanguage, type Language, rememberLanguage } from '../../browser/language.js';
import { formatAddress, parseAddress, toggleFilter, toQuery, type View } from './address.js';
import type { FaultKind, Join, LiveMessage } from './api.js';
import {
  AnswerError,
  getConfigurations,
  getFaults,
  getJoin,
  getJoins,
  getOverview,
  importConfiguration,
  listen,
  setFault,
  setFlag,
} from './client.js';
import { formatIn } from './format.js';
import { messagesIn } from './messages.js';
import type { Actions, Health, Model, Scene, Theme } from './scene.js';
import { delivery } from './views/delivery.js';
import { emptyHouse, emptyPeriod } from './views/empty.js';
import { failures } from './views/failures.js';
import { faultNotice, faults } from './views/faults.js';
import { findings } from './views/findings.js';
import { header, syntheticNotice } from './views/header.js';
import { headline, isCalm } from './views/headline.js';
import { healthNotice } from './views/health.js';
import { joinDetails } from './views/join-details.js';
import { notice } from './views/notice.js';
import { places } from './views/places.js';
import { operatorName, pools } from './views/pools.js';
import { tail } from './views/tail.js';

/** New records come in flocks; the figures are read again at most this often. */
const minReloadMs = 1500;
/** Relative periods move on even when nothing arrives. */
const idleReloadMs = 30_000;
/** How soon to ask again when the collector did not answer. */
const retryMs = 3000;
const firstTail = 40;
/** As many as the API gives. */
const maxTail = 500;

const themeKey = 'console-theme';

const chosenTheme = (): Theme => {
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(themeKey);
  return asked === 'light' || asked === 'dark' ? asked : 'system';
};

const healthOf = (error: unknown): Health => {
  if (!(error instanceof AnswerError)) return { state: 'unreachable' };
  if (error.status === 401 || error.status === 403) return { state: 'signed-out' };
  return error.status === 400 ? { state: 'bad-filter', problem: error.message } : { state: 'unreachable' };
};

/** What was read; what was known before when there was no answer at all; nothing when the answer was no. */
const settled = <T>(result: PromiseSettledResult<T>, known: T | undefined): T | undefined => {
  if (result.status === 'fulfilled') return result.value;
  return result.reason instanceof AnswerError ? undefined : known;
};

/** The page: holds the model, redraws everything from it. */
export class ConsoleApp extends LitElement implements Actions {
  static override properties = { model: { state: true } };
  declare model: Model;

  #loading: AbortController | undefined;
  #stopListening: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastLoadMs = 0;
  #isLoading = false;
  /** What to do once the running reading is done. */
  #isDue = false;
  /** The next reading is of the tail too. */
  #isTailDue = false;
  /** Where focus goes back to when the details close. */
  #opener: HTMLElement | undefined;

  constructor() {
    super();
    this.model = {
      view: parseAddress(location.search),
      language: chosenLanguage(),
      theme: chosenTheme(),
      health: { state: 'loading' },
      overview: undefined,
      loadedAtMs: 0,
      live: false,
      tail: [],
      tailLimit: firstTail,
      detail: undefined,
      configurations: undefined,
      fault: undefined,
      notice: undefined,
    };
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#dress();
    addEventListener('popstate', this.#onPopState);
    addEventListener('pagehide', this.#onLeave);
    addEventListener('pageshow', this.#onReturn);
    document.addEventListener('visibilitychange', this.#onVisible);
    this.#reload();
    this.#loadSettings();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('popstate', this.#onPopState);
    removeEventListener('pagehide', this.#onLeave);
    removeEventListener('pageshow', this.#onReturn);
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#onLeave();
  }

  /**
   * A page that the browser keeps for going back keeps its connections too. Of these a host has six: after six visits
   * the seventh would wait forever.
   */
  #onLeave = (): void => {
    clearTimeout(this.#timer);
    this.#stopListening?.();
    this.#loading?.abort();
  };

  #onReturn = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) this.#reload();
  };

  #onPopState = (): void => {
    this.#set({ view: parseAddress(location.search) });
    this.#reload();
  };

  /** Flags and faults may have been switched elsewhere meanwhile; no message tells of that. */
  #onVisible = (): void => {
    if (document.visibilityState === 'visible') this.#loadSettings();
  };

  #set(change: Partial<Model>): void {
    this.model = { ...this.model, ...change };
  }

  #dress(): void {
    const { language, theme } = this.model;
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.title = messagesIn(language).title;
  }

  /** Reads everything again: another view is to be shown. */
  #reload(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#load(true);
    this.#loadDetail();
  }

  async #load(withTail = false): Promise<void> {
    clearTimeout(this.#timer);
    this.#isTailDue ||= withTail;
    this.#loading?.abort();
    const { unreadable } = this.model.view;
    if (unreadable !== undefined) {
      this.#set({ health: { state: 'bad-filter', problem: unreadable } });
      return;
    }
    const own = new AbortController();
    this.#loading = own;
    this.#isLoading = true;
    const query = toQuery(this.model.view, Date.now());
    this.#lastLoadMs = Date.now();
    try {
      const overview = await getOverview(query, own.signal);
      const tailed = this.#isTailDue
        ? await getJoins(new URLSearchParams([...query, ['limit', String(this.model.tailLimit)]]))
        : this.model.tail;
      if (own.signal.aborted) return;
      this.#isLoading = false;
      this.#isTailDue = false;
      this.#set({ overview, tail: tailed, loadedAtMs: Date.now(), health: { state: 'ready' } });
      this.#stopListening ??= this.#listen();
      if (this.#isDue) this.#scheduleSoon();
      else this.#schedule(this.model.live ? idleReloadMs : retryMs);
      this.#isDue = false;
    } catch (error) {
      if (own.signal.aborted) return;
      this.#isLoading = false;
      this.#set({ health: healthOf(error), live: false });
      if (this.model.health.state === 'unreachable') this.#schedule(retryMs);
    }
  }

  #schedule(afterMs: number, withTail = false): void {
    clearTimeout(this.#timer);
    this.#isTailDue ||= withTail;
    this.#timer = setTimeout(() => this.#loadInTurn(), afterMs);
  }

  /** News must not break off the reading that they wait for: under steady traffic a slow store would never be read. */
  #loadInTurn(): void {
    if (this.#isLoading) this.#isDue = true;
    else this.#load();
  }

  #listen(): () => void {
    const query = toQuery(this.model.view, Date.now());
    query.delete('from');
    query.delete('to');
    return listen(
      query,
      message => this.#onMessage(message),
      live => this.#onLive(live),
    );
  }

  /** A connection that breaks may mean that the collector is going: that is asked at once, and until one is there again. */
  #onLive(live: boolean): void {
    const broke = this.model.live && !live;
    this.#set({ live });
    if (broke) this.#reload();
    // What came between the reading and the connection was told to nobody.
    else if (live) this.#scheduleSoon(true);
  }

  #scheduleSoon(withTail = false): void {
    this.#schedule(Math.max(50, this.#lastLoadMs + minReloadMs - Date.now()), withTail);
  }

  #onMessage(message: LiveMessage): void {
    if (message.type === 'join' && this.#isMeant(message.join)) this.#addToTail(message.join);
    this.#scheduleSoon();
  }

  /** What arrives is news however long ago it happened, but not to who looks at a period that is over. */
  #isMeant({ atMs }: Join): boolean {
    const { range, fromMs = Number.NEGATIVE_INFINITY, toMs } = this.model.view;
    return range !== undefined || toMs === undefined || (atMs >= fromMs && atMs < toMs);
  }

  #addToTail(join: Join): void {
    const others = this.model.tail.filter(({ id }) => id !== join.id);
    this.#set({ tail: [join, ...others].slice(0, this.model.tailLimit) });
  }

  async #loadSettings(): Promise<void> {
    const [configurations, fault] = await Promise.allSettled([getConfigurations(), getFaults()]);
    this.#set({
      configurations: settled(configurations, this.model.configurations),
      fault: settled(fault, this.model.fault && { kind: this.model.fault })?.kind,
    });
  }

  async #loadDetail(): Promise<void> {
    const id = this.model.view.join;
    if (id === undefined) {
      this.#set({ detail: undefined });
      return;
    }
    try {
      const detail = await getJoin(id);
      if (this.model.view.join === id) this.#set({ detail });
    } catch {
      this.#set({ detail: 'missing' });
    }
  }

  show(view: View): void {
    this.#navigate(view);
    this.#set({ tailLimit: firstTail });
    this.#reload();
  }

  showMoreJoins(): void {
    this.#set({ tailLimit: maxTail });
    this.#load(true);
  }

  #navigate(view: View): void {
    history.pushState(null, '', location.pathname + formatAddress(view));
    this.#set({ view });
  }

  filter(...[name, value]: Parameters<Actions['filter']>): void {
    this.show(toggleFilter(this.model.view, name, value));
  }

  openJoin(id: string | undefined): void {
    if (id === this.model.view.join) return;
    if (id !== undefined) this.#opener = document.activeElement as HTMLElement;
    const { join: _, ...others } = this.model.view;
    this.#navigate({ ...others, join: id });
    this.#loadDetail();
    if (id === undefined) this.#opener?.focus();
  }

  setLanguage(language: Language): void {
    rememberLanguage(language);
    this.#set({ language });
    this.#dress();
  }

  setTheme(theme: Theme): void {
    localStorage.setItem(themeKey, theme);
    this.#set({ theme });
    this.#dress();
  }

  /** Does what changes something at the collector, then tells how it went. */
  async #change(action: () => Promise<string>): Promise<void> {
    try {
      this.#set({ notice: { words: await action(), failed: false } });
    } catch (error) {
      const text = messagesIn(this.model.language);
      const reason = error instanceof AnswerError ? error.message : text.noAnswer;
      this.#set({ notice: { words: text.failedWith(reason), failed: true } });
    }
    await this.#loadSettings();
  }

  setFlag(identity: string, enabled: boolean): void {
    const text = messagesIn(this.model.language);
    this.#change(async () => {
      await setFlag(identity, enabled, operatorName());
      return `${identity}: ${enabled ? text.on : text.off}`;
    });
  }

  importConfiguration(file: File): void {
    const text = messagesIn(this.model.language);
    this.#change(async () => {
      const { imported } = await importConfiguration(await file.arrayBuffer(), operatorName());
      return text.imported(String(imported));
    });
  }

  closeNotice(): void {
    this.#set({ notice: undefined });
  }

  setFault(kind: FaultKind): void {
    this.#change(async () => {
      await setFault(kind);
      return messagesIn(this.model.language).faultKinds[kind] ?? kind;
    });
  }

  protected override updated(): void {
    const dialog = this.querySelector('dialog');
    if (!dialog) return;
    const shouldOpen = this.model.view.join !== undefined;
    if (shouldOpen && !dialog.open) dialog.showModal();
    if (!shouldOpen && dialog.open) dialog.close();
  }

  get #scene(): Scene {
    const { language } = this.model;
    return { model: this.model, text: messagesIn(language), format: formatIn(language), act: this };
  }

  #figures(scene: Scene): TemplateResult | typeof nothing {
    const { overview } = this.model;
    if (!overview) return nothing;
    if (!overview.anyEvents) return emptyHouse(scene);
    if (overview.summary.attempts === 0) return html`${emptyPeriod(scene)}${delivery(scene)}`;
    return html`${findings(scene)} ${headline(scene, overview.summary, overview.series.points)}
      <section class="panel" aria-labelledby="since-when">
        <div class="heading"><h2 id="since-when">${scene.text.sinceWhen}</h2>
          <p class="soft">${isCalm(overview) ? scene.text.allWell : nothing}</p></div>
        <console-timeline .scene=${scene}></console-timeline>
      </section>
      <div class="columns">${failures(scene, overview.failures)} ${places(scene)}</div>
      ${delivery(scene)}`;
  }

  protected override render(): TemplateResult {
    const scene = this.#scene;
    const { text, model } = scene;
    const signedOut = model.health.state === 'signed-out';
    return html`<a class="skip" href="#figures">${text.skip}</a>
      ${header(scene)}
      <main id="figures" tabindex="-1">
        ${healthNotice(scene)} ${faultNotice(scene)} ${
          signedOut
            ? nothing
            : html`${syntheticNotice(scene)}
        ${this.#figures(scene)}
        ${model.overview?.anyEvents ? tail(scene) : nothing} ${pools(scene)} ${faults(scene)}`
        }
      </main>
      ${joinDetails(scene)}
      ${notice(scene)}`;
  }
}
