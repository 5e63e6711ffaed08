import { type Category, categories, openCategories, toExportRequest } from '../practices/index.js';
import type { readConfiguration } from './configuration.js';
import type { DropReason } from './drops.js';
import type { Exclusively, Renew } from './exclusive.js';
import { limits } from './limits.js';
import { type Answer, type Outcome, outcomeOf } from './outcomes.js';
import type { Batch, Outgoing } from './outgoing.js';
import { isBound, isPending, waitMs } from './retry.js';
import type { Entry, Route } from './rows.js';
import type { Beacon } from './transport.js';

/** Why a flush was asked for. */
export type Trigger = 'recorded' | 'full' | 'retry' | 'visible' | 'start' | 'visit' | 'online' | 'sync' | 'call';

/** News of the network, or somebody who asks: what kept us from the collector may be over. */
const lifts: readonly Trigger[] = ['visit', 'online', 'sync', 'call'];

/** What a flush did, and what is left. */
export interface FlushReport {
  delivered: number;
  dropped: number;
  queued: number;
  /** Another tab or the worker was at it. */
  busy: boolean;
  /** When to try again, ms since the epoch; absent when nothing waits. */
  nextAttemptAt?: number;
}

/** Told to whoever listens, in every tab. */
export type Notice =
  | { type: 'delivered'; route: string; count: number }
  | { type: 'dropped'; route: string; count: number; reason: DropReason }
  | { type: 'closed'; route: string; reason: string }
  /** The person has opted in or out of error reporting; `meta` has the choice, and the route what follows from it. */
  | { type: 'choice'; route: string }
  /** Everything of this origin has been deleted. */
  | { type: 'purged' };

/** The world as the sender sees it; the simulation brings its own. */
export interface World {
  now(): number;
  random(): number;
  version: string;
  canGzip: boolean;
  exclusively: Exclusively;
  send(beacon: Beacon): Promise<Answer>;
  readConfiguration: typeof readConfiguration;
  notify(notice: Notice): void;
  /** The last open route has been purged: database, ids and worker go too. */
  leave(): Promise<void>;
}

export const createSender = (queue: Outgoing, world: World) => {
  let running: Promise<FlushReport> | undefined;
  let again: Trigger | undefined;
  let abort = new AbortController();
  let maxRecords: number = limits.maxBatchRecords;
  let tally = { delivered: 0, dropped: 0 };

  const defer = async (key: string, unreachable: boolean, askedMs?: number) => {
    await queue.update(key, route => {
      const now = world.now();
      const attempts = (route.attempts ?? 0) + 1;
      const nextAttemptAt = now + waitMs(attempts, world.random(), askedMs);
      return isBound(route, now) ? { attempts } : { attempts, unreachable, nextAttemptAt };
    });
    return false;
  };

  const lose = async (entries: Entry[], reason: DropReason) => {
    await queue.drop(entries, reason);
    tally.dropped += entries.length;
    if (entries[0]) world.notify({ type: 'dropped', route: entries[0].route, count: entries.length, reason });
  };

  /** Closed, wholly or in part: what must not be sent any more is deleted. @returns whether anything may still go */
  const obey = async (route: Route, open: readonly Category[], reason: string) => {
    const closed = categories.filter(category => !open.includes(category));
    if (!closed.length) return true;
    const { isLast } = await queue.purge(route.key, closed);
    if (open.length) return true;
    world.notify({ type: 'closed', route: route.key, reason });
    if (isLast) await world.leave();
    return false;
  };

  /** The flag is read again when its last answer is too old, or of a future that a clock jump made. */
  const isOpen = async (route: Route): Promise<boolean> => {
    const age = world.now() - route.checkedAt;
    if (route.surface === 'client' || (!route.held && age >= 0 && age <= limits.gateMaxAgeMs)) return true;
    const { key, configSrc, pool, site, surface } = route;
    const answer = configSrc ? await world.readConfiguration(configSrc, pool, site).catch(() => undefined) : undefined;
    if (!answer) return defer(key, true);
    const { enabled: flag, reason, skewMs } = answer;
    const open = openCategories({ surface, flag, disableAutomaticSendTracing: false, errorReportingOptIn: false });
    if (flag) await queue.update(key, () => ({ checkedAt: world.now(), held: false, categories: open, skewMs }));
    return obey(route, open, reason);
  };

  const isDue = (route: Route, trigger: Trigger) =>
    !isPending(route.nextAttemptAt ?? 0, world.now()) || (route.unreachable && lifts.includes(trigger));

  const isOurs = async (renew: Renew) => (await renew()) && !abort.signal.aborted;

  const post = async (batch: Batch): Promise<Outcome> => {
    const route = (await queue.routes()).find(({ key }) => key === batch.route);
    // Purged a moment ago: there is nothing left to settle.
    if (!route) return { kind: 'deferred', unreachable: true };
    const records = batch.entries.map(entry => entry.record);
    const request = toExportRequest(batch.category, world.version, batch.resource, records, world.now() + route.skewMs);
    const { endpoint } = route;
    const gzip = world.canGzip && !route.plain;
    const answer = await world.send({ endpoint, body: JSON.stringify(request), gzip, signal: abort.signal });
    const outcome = outcomeOf(answer, world.now());
    return outcome.kind === 'plain' && !gzip ? { kind: 'dropped', reason: 'refused' } : outcome;
  };

  /**
   * Finds the poison in a batch that was refused whole, in log2(n) requests: send one half; whichever half must hold
   * it is halved next. The rest goes back to the queue.
   */
  const isolate = async (batch: Batch, reason: DropReason, renew: Renew): Promise<boolean> => {
    const { entries } = batch;
    if (entries.length === 1) {
      maxRecords = limits.maxBatchRecords;
      await lose(entries, reason);
      return true;
    }
    if (!(await isOurs(renew))) return false;
    const middle = entries.length >> 1;
    if (reason === 'too_large') maxRecords = middle;
    const half = { ...batch, entries: entries.slice(0, middle) };
    const outcome = await post(half);
    if (outcome.kind === 'split') return isolate(half, outcome.reason, renew);
    if (!(await settle(half, outcome, renew))) return false;
    // Too large together says nothing of the other half; poison does.
    return (
      outcome.kind === 'plain' ||
      reason === 'too_large' ||
      isolate({ ...batch, entries: entries.slice(middle) }, reason, renew)
    );
  };

  /** @returns whether the route may go on */
  const settle = async (batch: Batch, outcome: Outcome, renew: Renew): Promise<boolean> => {
    switch (outcome.kind) {
      case 'delivered': {
        // Whatever the collector says, it cannot refuse more than it got.
        const rejected = Math.min(outcome.rejected, batch.entries.length);
        const count = batch.entries.length - rejected;
        await queue.delivered(batch.entries, rejected, world.now());
        tally.delivered += count;
        tally.dropped += rejected;
        world.notify({ type: 'delivered', route: batch.route, count });
        return true;
      }
      case 'deferred':
        return defer(batch.route, outcome.unreachable, outcome.waitMs);
      case 'split':
        return isolate(batch, outcome.reason, renew);
      case 'dropped':
        await lose(batch.entries, outcome.reason);
        return true;
      case 'stopped':
        await queue.stop(batch.route);
        world.notify({ type: 'dropped', route: batch.route, count: batch.entries.length, reason: 'gone' });
        return false;
      case 'plain':
        // Sent again by whoever comes next: a lease covers one request, not two.
        await queue.update(batch.route, () => ({ plain: true }));
        return true;
      default:
        return outcome satisfies never;
    }
  };

  const mayGo = async (route: Route, trigger: Trigger) => {
    if (route.stopped) await queue.stop(route.key);
    return !route.stopped && isDue(route, trigger) && (await isOpen(route));
  };

  /** The routes that have something to send and may, their losses and counters written down. */
  const sendable = async (trigger: Trigger): Promise<Set<string>> => {
    const waiting = await queue.waiting();
    const keys = new Set<string>();
    for (const route of await queue.routes()) {
      if (!waiting.has(route.key) || !(await mayGo(route, trigger))) continue;
      await queue.report(route.key, world.now());
      keys.add(route.key);
    }
    return keys;
  };

  const sendAll = async (keys: Set<string>, renew: Renew) => {
    for (let batch = await queue.peek(keys, maxRecords); batch; batch = await queue.peek(keys, maxRecords)) {
      if (!(await isOurs(renew))) return;
      if (!(await settle(batch, await post(batch), renew))) keys.delete(batch.route);
    }
  };

  const drain = (trigger: Trigger) => async (renew: Renew) => {
    await queue.tidy(world.now(), trigger === 'full');
    await sendAll(await sendable(trigger), renew);
    return true;
  };

  const summarize = async (busy: boolean): Promise<FlushReport> => {
    const { entries } = await queue.size();
    const report: FlushReport = { ...tally, queued: entries, busy };
    const waiting = await queue.waiting();
    const deadlines = (await queue.routes())
      .filter(route => waiting.has(route.key) && !route.stopped)
      .map(({ nextAttemptAt = 0 }) => (isPending(nextAttemptAt, world.now()) ? nextAttemptAt : 0));
    if (!deadlines.length) return report;
    const soon = world.now() + limits.backoffBaseMs;
    return { ...report, nextAttemptAt: busy ? soon : Math.max(soon, Math.min(...deadlines)) };
  };

  const run = async (trigger: Trigger): Promise<FlushReport> => {
    tally = { delivered: 0, dropped: 0 };
    abort = new AbortController();
    const done = await world.exclusively(drain(trigger));
    return summarize(!done);
  };

  const start = async (trigger: Trigger): Promise<FlushReport> => {
    let next: Trigger | undefined = trigger;
    try {
      for (;;) {
        again = undefined;
        const report: FlushReport = await run(next);
        next = again;
        if (!next) return report;
      }
    } finally {
      // In the same microtask as the last look at `again`: a call between the two would be answered by nobody.
      running = undefined;
    }
  };

  return {
    /** Tries to empty the queue. Asked while at it, it goes round once more. Rejects only when the storage fails. */
    flush: (trigger: Trigger): Promise<FlushReport> => {
      if (running) again = lifts.includes(trigger) || trigger === 'full' ? trigger : (again ?? trigger);
      else running = start(trigger);
      return running;
    },
    /** Cuts off what is in flight: a gate has closed. */
    cut: () => abort.abort(),
  };
};

export type Sender = ReturnType<typeof createSender>;
