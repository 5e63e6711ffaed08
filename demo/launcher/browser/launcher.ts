import { chosenLanguage, type Language, rememberLanguage } from '../../browser/language.js';
import { type Ending, join, type Method, type Outcome, type Step } from './join.js';
import { type Messages, messagesIn } from './messages.js';
import { findTag } from './tag.js';
import { watchTag } from './watch.js';

type View = 'validating' | 'choose' | 'launching' | 'joined' | 'error';

let language: Language = chosenLanguage();
let text: Messages = messagesIn(language);
let running: AbortController | undefined;
let lastMethod: Method = 'web-app';
/** `?synthetic` marks the joins of this page as tests, as a watcher node's are. */
const synthetic = new URLSearchParams(location.search).has('synthetic');
let retell = (): void => {};

const find = <T extends HTMLElement>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
};

/** Shows one view and moves focus to its heading, so that a screen reader follows. */
const show = (view: View): void => {
  for (const section of document.querySelectorAll<HTMLElement>('[data-view]')) {
    section.hidden = section.dataset.view !== view;
  }
  document.body.dataset.at = view;
  find(`[data-view="${view}"]`).querySelector<HTMLElement>('[tabindex="-1"]')?.focus({ preventScroll: true });
};

const launchingText = (method: Method): string =>
  ({
    native: text.launchNative,
    'web-app': text.launchWeb,
    'meetings-app': text.launchDownload,
    phone: text.launchPhone,
  })[method];

const joinedText = (method: Method): [string, string] =>
  (
    ({
      native: [text.joinedNative, text.joinedNativeNote],
      'web-app': [text.joinedWeb, text.joinedWebNote],
      'meetings-app': [text.joinedDownload, text.joinedDownloadNote],
      phone: [text.joinedPhone, text.joinedPhoneNote],
    }) satisfies Record<Method, [string, string]>
  )[method];

const errorText = (outcome: Exclude<Outcome, 'success'>): [string, string] =>
  (
    ({
      '6': [text.error6, text.error6Note],
      '7': [text.error7, text.error7Note],
      '8': [text.error8, text.error8Note],
      media: [text.errorMedia, text.errorMediaNote],
      offline: [text.errorOffline, text.errorOfflineNote],
    }) satisfies Record<Exclude<Outcome, 'success'>, [string, string]>
  )[outcome];

const tellEnding = (ending: Ending): void => {
  if (ending.kind === 'joined') {
    const [title, note] = joinedText(lastMethod);
    find('[data-joined]').textContent = title;
    find('[data-joined-note]').textContent = note;
  } else if (ending.kind === 'error') {
    const [title, note] = errorText(ending.error.outcome);
    find('[data-error]').textContent = title;
    find('[data-error-note]').textContent = note;
    const { type, code } = ending.error;
    find('[data-error-code]').textContent = `${text.errorCode} ${code ?? '—'} · ${type}`;
  }
};

const viewOf: Record<Ending['kind'], View> = { joined: 'joined', error: 'error', canceled: 'choose' };

const markStep = (step: Step): void => {
  for (const item of document.querySelectorAll<HTMLElement>('[data-step]')) {
    item.classList.toggle('now', item.dataset.step === step);
  }
};

const chosenOutcome = (): Outcome => find<HTMLInputElement>('input[name=outcome]:checked').value as Outcome;

const begin = async (method: Method): Promise<void> => {
  running?.abort();
  const own = new AbortController();
  running = own;
  lastMethod = method;
  retell = () => {
    find('[data-launching]').textContent = launchingText(method);
  };
  retell();
  show('launching');
  const ending = await join(findTag(), method, chosenOutcome(), markStep, own.signal, synthetic);
  if (running !== own) return;
  retell = () => tellEnding(ending);
  retell();
  show(viewOf[ending.kind]);
};

const translate = (): void => {
  document.documentElement.lang = language;
  document.title = text.title;
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]')) {
    element.textContent = text[element.dataset.text as keyof Messages];
  }
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
  const today = new Date();
  const starts = new Date(today).setMinutes(0);
  const time = new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' });
  find('[data-month]').textContent = new Intl.DateTimeFormat(language, { month: 'short' }).format(today);
  find('[data-day]').textContent = String(today.getDate());
  find('[data-time]').textContent = time.formatRange(starts, starts + 3_600_000);
  retell();
};

const listen = (): void => {
  for (const button of document.querySelectorAll<HTMLElement>('[data-method]')) {
    button.addEventListener('click', () => begin(button.dataset.method as Method));
  }
  for (const button of document.querySelectorAll('[data-again]')) {
    button.addEventListener('click', () => show('choose'));
  }
  find('[data-retry]').addEventListener('click', () => begin(lastMethod));
  find('[data-cancel]').addEventListener('click', () => running?.abort());
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    button.addEventListener('click', () => {
      language = button.dataset.language as Language;
      text = messagesIn(language);
      rememberLanguage(language);
      translate();
    });
  }
};

/** The disclosure is loaded when somebody wants to read it, and not before. */
const discloseOnDemand = (): void => {
  const details = find<HTMLDetailsElement>('.disclosure');
  details.addEventListener('toggle', () => details.append(document.createElement('meeting-join-telemetry-panel')), {
    once: true,
  });
};

/** `?outcome=7` presets the demo controls, so that a test or a bookmark can ask for an ending. */
const preset = (): void => {
  const asked = new URLSearchParams(location.search).get('outcome');
  const radio = asked && document.querySelector<HTMLInputElement>(`input[name=outcome][value="${CSS.escape(asked)}"]`);
  if (radio) radio.checked = true;
};

/** Looking the meeting up takes a moment in the real world. */
const validateMs = 450;

translate();
listen();
discloseOnDemand();
preset();
watchTag(() => text);
setTimeout(() => show('choose'), validateMs);
