/**
 * What runs while the gate is open: recorder, outbox and instruments of one element. A chunk of its own, so that a
 * closed gate never loads it.
 */
import { inOrder } from '../delivery/locks.js';
import { isUntold } from '../delivery/reports.js';
import type { Notice } from '../delivery/sender.js';
import { fire } from './fire.js';
import { environment, recordSignIn } from './instruments/census.js';
import { observeErrors } from './instruments/errors.js';
import type { RecordEvent } from './instruments/instrument.js';
import { createJoins } from './instruments/join.js';
import { observeLaunch } from './instruments/launch.js';
import { recordUsage } from './instruments/usage.js';
import { observeVitals } from './instruments/vitals.js';
import type { Host, Session } from './opening.js';
import { loadStandby, openOutbox } from './outbox.js';
import { createRecorder } from './recorder.js';
import { keepRoute, placeOf } from './route.js';

/**
 * @param skewMs what to add to this computer's clock for the server's, by the answer that opened the gate; undefined: the
 * configuration cannot be reached; queue if an earlier answer allows it, send nothing
 * @param choice whether the person opts in to error reporting; undefined: as on an earlier visit
 * @param onClosed the gate has been closed elsewhere: by the worker, or in another tab
 * @returns undefined when it may not even queue
 */
export const openSession = async (
  host: Host,
  skewMs: number | undefined,
  choice: boolean | undefined,
  onClosed: (reason: string) => void,
): Promise<Session | undefined> => {
  const keeper = keepRoute(host, await environment());
  const { key } = keeper.route;
  if (skewMs === undefined && !(await (await loadStandby()).holdInGrace(key))) return undefined;

  const ending = new AbortController();
  const { signal } = ending;
  const close = (reason: string) => {
    if (signal.aborted) return;
    ending.abort();
    onClosed(reason);
  };
  const hear = (notice: Notice) => {
    if (notice.type !== 'purged' && notice.route !== key) return;
    switch (notice.type) {
      case 'delivered':
        return fire(host, notice.type, { count: notice.count });
      case 'dropped':
        return fire(host, notice.type, { count: notice.count, reason: notice.reason });
      case 'choice':
        return reopen();
      case 'closed':
        return close(notice.reason);
      default:
        return close(notice.type satisfies 'purged');
    }
  };
  const outbox = await inOrder(navigator.locks, async () => {
    const opened = await openOutbox(host, keeper, hear, () => tell().catch(() => {}), signal);
    await keeper.open(opened.queue, skewMs, choice);
    return opened;
  });
  const { queue } = outbox;
  const reopen = (current?: number, chosen?: boolean) => keeper.open(queue, current, chosen).catch(() => {});

  const { record: recordAny, count, settled } = createRecorder(keeper.route, outbox, signal);
  const record: RecordEvent = event => {
    const whose = event.name === 'exception' && {
      'user.id': host.userId || undefined,
      'meeting.error.device.id': keeper.device?.error,
    };
    return recordAny({ ...event, attributes: { ...event.attributes, ...whose } });
  };
  /** Tells of what the queue has lost and no record tells of yet; out of reach, the next flush does. */
  const tell = async () => {
    const kept = await queue.route(key);
    if (kept && isUntold(kept) && (await (await loadStandby()).tell(queue.storage, keeper.route, Date.now())))
      outbox.nudge();
  };
  /** Attempts whose page has died. The flush sorts in what other pages have posted, results of attempts among them. */
  const reconcile = async () => {
    await outbox.flush('visit');
    const open = Object.values((await queue.route(key))?.kept?.usage?.joins ?? {});
    if (open.length) await (await loadStandby()).reconcile(record, open);
  };
  const recordCensus = () => count('meeting.census', { 'meeting.sign_in.attempts': 0 });

  void recordCensus();
  reconcile().catch(() => {});
  const options = { signal, count, context: placeOf(host) };
  const launch = observeLaunch(createJoins(record, options), options);
  observeVitals(record, options);
  return {
    ...launch,
    recordError: observeErrors(record, options),
    recordSignIn: succeeded => void recordSignIn(count, succeeded),
    recordUsage: usage => void recordUsage(count, usage),
    flush: () => settled().then(() => outbox.flush('call')),
    count: () => settled().then(queue.count),
    get isOptedIn() {
      return keeper.isOptedIn;
    },
    choose: async chosen => {
      await reopen(undefined, chosen);
      outbox.announce({ type: 'choice', route: key });
    },
    update: async changed => {
      if (signal.aborted) return;
      await reopen(changed);
      if (changed === undefined) await recordCensus();
      void outbox.flush('visit');
    },
    end: () => void settled().finally(() => ending.abort()),
  };
};
