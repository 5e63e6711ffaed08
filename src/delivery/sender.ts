import { toExportRequest } from '../practices/index.js';
import type { readConfiguration } from './configuration.js';
import type { DropReason } from './drops.js';
import type { Exclusively, Renew } from './exclusive.js';
import { change, isReport } from './kept.js';
import { limits } from './limits.js';
import { type Answer, type Outcome, outcomeOf } from './outcomes.js';
import { deliver, drop, findWaiting, peek, purge, stillThere, stop, tidy } from './outgoing.js';
import { isBound, isPending, waitMs } from './retry.js';
import type { Entry, Posted, Route } from './rows.js';
import type { Storage } from './storage.js';
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
  exclusively: Exclusively;
  send(beacon: Beacon): Promise<Answer>;
  readConfiguration: typeof readConfiguration;
  notify(notice: Notice): void;
  /** Runs work while no page opens a route. */
  inOrder<T>(work: () => Promise<T>): Promise<T>;
  /** The last open route has been purged: database, ids and worker go too. */
  leave(): Promise<void>;
}

export const createSender = ({ transact }: Storage, world: World) => {
  const { now, random, notify } = world;
  let running: Promise<FlushReport> | undefined;
  let next: Trigger | undefined;
  let abort = new AbortController();
  let maxRecords: number = limits.maxBatchRecords;
  /** How many of the next were refused together, so that one of them is poison. */
  let suspects = 0;
  let tally = { delivered: 0, dropped: 0 };

  const update = (key: string, to: (route: Route) => Partial<Route>) => transact(tx => change(tx, key, to));

  const defer = (key: string, unreachable: boolean, askedMs?: number): Promise<void> =>
    update(key, route => {
      const time = now();
      const attempts = (route.attempts ?? 0) + 1;
      const nextAttemptAt = time + waitMs(attempts, random(), askedMs);
      return isBound(route, time) ? { attempts } : { attempts, unreachable, nextAttemptAt };
    });

  const tellDropped = (route: string, count: number, reason: DropReason) => {
    tally.dropped += count;
    if (count) notify({ type: 'dropped', route, count, reason });
  };

  const lose = async (key: string, batch: Entry[], reason: DropReason) => {
    const count = await transact(async tx => {
      const there = await stillThere(tx, batch);
      return drop(tx, reason === 'refused' ? there.filter(entry => !isReport(entry)) : there, reason);
    });
    tellDropped(key, count, reason);
  };

  const close = (key: string, reason: string) =>
    world.inOrder(async () => {
      const { isLast } = await transact(tx => purge(tx, key));
      notify({ type: 'closed', route: key, reason });
      if (isLast) await world.leave();
    });

  /** The flag is read again when its last answer is too old, or of a future that a clock jump made. */
  const isOpen = async ({ key, configSrc, pool, site, surface, held, checkedAt }: Route): Promise<boolean> => {
    const age = now() - checkedAt;
    if (surface === 'client' || (!held && age >= 0 && age <= limits.gateMaxAgeMs)) return true;
    const answer = configSrc ? await world.readConfiguration(configSrc, pool, site).catch(() => undefined) : undefined;
    if (answer?.enabled) {
      await update(key, () => ({ checkedAt: now(), held: false, skewMs: answer.skewMs }));
      return true;
    }
    await (answer ? close(key, answer.reason) : defer(key, true));
    return false;
  };

  const isDue = (route: Route, trigger: Trigger) =>
    !isPending(route.nextAttemptAt, now()) || (route.unreachable && lifts.includes(trigger));

  const post = ({ endpoint, skewMs, plain }: Route, entries: Entry[]) => {
    const [{ category, resource }] = entries as [Entry];
    const records = entries.map(({ record }) => record);
    const request = toExportRequest(category, world.version, resource, records, now() + skewMs);
    return world.send({ endpoint, body: JSON.stringify(request), gzip: !plain, signal: abort.signal });
  };

  const acknowledge = async (key: string, batch: Entry[], refused: number) => {
    // Whatever the collector says, it cannot refuse more than it got.
    const rejected = Math.min(refused, batch.length);
    const count = batch.length - rejected;
    await transact(tx => deliver(tx, batch, rejected, now()));
    tally.delivered += count;
    tally.dropped += rejected;
    notify({ type: 'delivered', route: key, count });
  };

  const split = async (key: string, batch: Entry[], reason: DropReason) => {
    const { length } = batch;
    suspects = 0;
    maxRecords = limits.maxBatchRecords;
    if (length === 1) await lose(key, batch, reason);
    // Too large together says nothing of the one or the other; poison does.
    else if (reason === 'rejected') suspects = length;
    else maxRecords = length >> 1;
  };

  /** @returns whether the route may go on */
  const settle = async (key: string, batch: Entry[], outcome: Outcome): Promise<boolean> => {
    switch (outcome.kind) {
      case 'delivered':
        suspects = Math.max(0, suspects - batch.length);
        await acknowledge(key, batch, outcome.rejected);
        return true;
      case 'rejected':
      case 'too_large':
        await split(key, batch, outcome.kind);
        return true;
      case 'plain':
        await update(key, () => ({ plain: true }));
        return true;
      case 'deferred':
        await defer(key, outcome.unreachable, outcome.waitMs);
        return false;
      case 'refused':
        await lose(key, batch, outcome.kind);
        // The next would fare no better.
        await defer(key, true);
        return false;
      case 'gone':
        tellDropped(key, await transact(tx => stop(tx, key)), outcome.kind);
        return false;
    }
  };

  /** Sends batch after batch of a route; suspects are halved until the poison stands alone, in log2(n) requests. */
  const sendAll = async (key: string, renew: Renew) => {
    suspects = 0;
    for (let mayGoOn = true; mayGoOn; ) {
      const limit = Math.ceil(suspects / 2) || maxRecords;
      const { route, batch } = await transact(async tx => ({
        route: await tx.get<Route>('routes', key),
        batch: await peek(tx, key, limit),
      }));
      if (!route || !batch.length || !(await renew()) || abort.signal.aborted) return;
      mayGoOn = await settle(key, batch, outcomeOf(await post(route, batch), now(), route.plain));
    }
  };

  const drain = (trigger: Trigger) => async (renew: Renew) => {
    await tidy(transact, now(), trigger === 'full');
    for (const route of (await transact(findWaiting)).routes) {
      if (isDue(route, trigger) && (await isOpen(route))) await sendAll(route.key, renew);
    }
  };

  const summarize = (busy: boolean): Promise<FlushReport> =>
    transact(async tx => {
      const { queued, routes } = await findWaiting(tx);
      const summary: FlushReport = { ...tally, queued, busy };
      const deadlines = routes.map(({ nextAttemptAt = 0 }) =>
        isPending(nextAttemptAt, now()) && !busy ? nextAttemptAt : 0,
      );
      if (routes.length) summary.nextAttemptAt = Math.max(now() + limits.backoffBaseMs, Math.min(...deadlines));
      return summary;
    });

  const run = async (trigger: Trigger): Promise<FlushReport> => {
    tally = { delivered: 0, dropped: 0 };
    abort = new AbortController();
    return summarize(!(await world.exclusively(drain(trigger))));
  };

  const runAll = async (): Promise<FlushReport> => {
    try {
      for (;;) {
        const trigger = next as Trigger;
        next = undefined;
        const report = await run(trigger);
        if (!next) return report;
      }
    } finally {
      // In the same microtask as the last look at `next`: a call between the two would be answered by nobody.
      running = next = undefined;
    }
  };

  return {
    /** Tries to empty the queue. Asked while at it, it goes round once more. Rejects only when the storage fails. */
    flush: (trigger: Trigger): Promise<FlushReport> => {
      next = lifts.includes(trigger) || trigger === 'full' ? trigger : (next ?? trigger);
      running ??= runAll();
      return running;
    },
    /** Puts into the queue what a page could not. */
    post: (posted: Posted) => transact(async tx => tx.put('entries', posted)),
    /** Cuts off what is in flight: a gate has closed. */
    cut: () => abort.abort(),
  };
};

export type Sender = ReturnType<typeof createSender>;
