/**
 * Joins without script: a click on `data-meeting-join="method"` starts an attempt. No browser tells a page what became
 * of it, so what is seen here is only ever `assumed`:
 *
 * | method | success (assumed) when | otherwise |
 * |---|---|---|
 * | `native`, `mobile-app` | the window loses focus, the page is hidden or left within 2.5 s of the click | `client_launch_unconfirmed` |
 * | `phone` | at once: the number was handed to the person | |
 * | all others, on a link | the navigation that the click started leaves the page within 30 s, or opens a new tab | open until the page says, or is left: `page_closed` |
 * | all others, on anything else, or when the page prevented the link | the page is left within 2.5 s of the click | the same |
 *
 * A launcher's part ends where it hands over, hence leaving by the link that was clicked is no abandonment. Only the
 * one scheme the person chose is ever navigated to, by the page itself: trying others would be fingerprinting. The
 * browser's own "Open app?" prompt takes the focus too, and a person who cancels there looks like one who joined.
 *
 * `meeting-join-succeeded` and `meeting-join-failed` (detail: the reason) from the element or inside it end its attempt
 * with what the page knows: `confirmed`.
 */
import type { Act, InstrumentOptions, Joins } from './instrument.js';
import { joinElementOf } from './join-element.js';

/** The usual heuristics wait 1.5 to 2.5 s; the longer end, for cold starts of a client on a slow disk. */
export const launchWindowMs = 2_500;

/** How long a link's navigation may take to leave the page: longer, and the person has most likely closed the tab. */
export const navigationWindowMs = 30_000;

export interface Launch {
  /** A click, which the shell may have held while the gate was pending; `element` as `joinElementOf` found it then. */
  click(event: Event, element: Element): void;
  /** `joins.start`, and with `detectLaunch` the attempt is judged by focus, as a click on `native` is. */
  startJoin: Joins['start'];
}

const opensTab = (link: HTMLAnchorElement, { ctrlKey, metaKey, shiftKey }: MouseEvent) =>
  ctrlKey || metaKey || shiftKey || !/^(_self|_top|_parent|)$/.test(link.target);

interface HandOver {
  act: Act;
  /** To a native client: judged by focus, and failed when the time is over. */
  isApp?: boolean;
  /** Whether leaving the page now still is the hand-over's doing. */
  isTimely(): boolean;
}

export const observeLaunch = (joins: Joins, { signal }: InstrumentOptions): Launch => {
  const latest = new WeakMap<Element, Act>();
  let last: Act | undefined;
  /** One at a time, since a person joins one meeting at a time. */
  let waiting: HandOver | undefined;

  const assume = (act: Act) => act('succeed', { confidence: 'assumed' });

  const settle = (isAway: boolean) => {
    const handOver = waiting;
    waiting = undefined;
    if (handOver && isAway && handOver.isTimely()) assume(handOver.act);
    else if (handOver?.isApp) handOver.act('fail', { type: 'client_launch_unconfirmed' });
  };

  const watch = (act: Act, at = performance.now()) => {
    settle(false);
    const mine: HandOver = { act, isApp: true, isTimely: () => true };
    waiting = mine;
    setTimeout(() => waiting === mine && settle(document.hidden), at + launchWindowMs - performance.now());
  };

  const navigate = (event: MouseEvent, element: Element, act: Act) => {
    settle(false);
    const link = element.closest<HTMLAnchorElement>('a[href]');
    // Asked later: handlers of the page that come after this one in the dispatch may prevent the navigation.
    const follows = () => link && !event.defaultPrevented;
    waiting = {
      act,
      isTimely: () => performance.now() - event.timeStamp < (follows() ? navigationWindowMs : launchWindowMs),
    };
    setTimeout(() => link && follows() && opensTab(link, event) && assume(act));
  };

  const click: Launch['click'] = (event, element) => {
    const at = event.timeStamp;
    // A second click on the same element is a retry inside the one attempt.
    if (latest.get(element)?.('stage', 'retry', at)) return;
    const method = (element as HTMLElement).dataset.meetingJoin;
    const act = joins.start({ method, at });
    latest.set(element, act);
    last = act;
    if (method === 'phone') assume(act);
    else if (/^(native|mobile-app)$/.test(`${method}`)) watch(act, at);
    else navigate(event as MouseEvent, element, act);
  };

  // A frame that takes the focus blurs the window too; nobody left then. Firefox says which element has it only later.
  const blurred = () =>
    setTimeout(() => waiting?.isApp && document.activeElement?.tagName !== 'IFRAME' && settle(true));
  const hidden = () => waiting?.isApp && document.hidden && settle(true);

  const end = (event: Event) => {
    const element = joinElementOf(event);
    const act = element ? latest.get(element) : last;
    act?.(event.type.endsWith('failed') ? 'fail' : 'succeed', (event as CustomEvent).detail);
  };

  joins.beforeLeave = () => settle(true);
  // In the capture phase: the page cannot stop them.
  const options = { signal, capture: true };
  addEventListener('blur', blurred, options);
  addEventListener('visibilitychange', hidden, options);
  addEventListener('meeting-join-succeeded', end, options);
  addEventListener('meeting-join-failed', end, options);
  const startJoin: Joins['start'] = options => {
    const act = joins.start(options);
    if (options.detectLaunch) watch(act, options.at);
    return act;
  };
  return { click, startJoin };
};
