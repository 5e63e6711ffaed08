import type { Answer } from '#src/delivery/outcomes.js';
import type { Outgoing } from '#src/delivery/outgoing.js';
import type { World } from '#src/delivery/sender.js';
import type { Mutation } from './realms.js';

const inOutgoing = (change: (outgoing: Outgoing) => Partial<Outgoing>): Mutation => ({
  outgoing: outgoing => ({ ...outgoing, ...change(outgoing) }),
});

const inWorld = (change: (world: World) => Partial<World>): Mutation => ({
  world: world => ({ ...world, ...change(world) }),
});

const believing = (answer: Answer): Answer =>
  answer?.status === 200 ? { ...answer, contentType: 'application/json', body: '{}' } : answer;

/**
 * The mistakes that others have made with a queue, each of which the simulation must find: one that cannot fail proves
 * nothing.
 */
export const mutants: Record<string, Mutation> = {
  'deletes before it sends': inOutgoing(outgoing => ({
    peek: async (...parameters) => {
      const batch = await outgoing.peek(...parameters);
      if (batch) await outgoing.delivered(batch.entries, 0, 0);
      return batch;
    },
  })),
  'keeps the deadline in memory only': inOutgoing(outgoing => ({
    update: (key, to) =>
      outgoing.update(key, route => {
        const { nextAttemptAt: _, ...rest } = to(route);
        return rest;
      }),
  })),
  'lets news of the network lift a deadline of the server': inOutgoing(outgoing => ({
    update: (key, to) =>
      outgoing.update(key, route => {
        const change = to(route);
        return 'nextAttemptAt' in change ? { ...change, unreachable: true } : change;
      }),
  })),
  'does not wait for its turn': { exclusively: () => work => work(async () => true) },
  'does not ask whether its turn is over': {
    exclusively: exclusively => work => exclusively(() => work(async () => true)),
  },
  'does not listen to purges in other tabs': { isDeaf: true },
  'does not count what it drops': inOutgoing(outgoing => ({
    drop: entries => outgoing.delivered(entries, 0, 0),
  })),
  'does not count what a partial success refused': inOutgoing(outgoing => ({
    delivered: (entries, _, now) => outgoing.delivered(entries, 0, now),
  })),
  'believes a captive portal': inWorld(world => ({
    send: async beacon => believing(await world.send(beacon)),
  })),
  'stamps ids when it sends': inOutgoing(outgoing => ({
    peek: async (...parameters) => {
      const batch = await outgoing.peek(...parameters);
      const restamp = (entry: NonNullable<typeof batch>['entries'][number]) => ({
        ...entry,
        record: { ...entry.record, attributes: [{ key: 'log.record.uid', value: { stringValue: `${entry.uid}'` } }] },
      });
      return batch && { ...batch, entries: batch.entries.map(restamp) };
    },
  })),
  'does not report its losses': inOutgoing(() => ({ report: async () => {} })),
  'trusts the flag for ever': {
    outgoing: (outgoing, now) => ({
      ...outgoing,
      routes: async () => (await outgoing.routes()).map(route => ({ ...route, held: false, checkedAt: now() })),
    }),
  },
  'leaves records behind when it purges': inOutgoing(outgoing => ({
    purge: key => outgoing.purge(key, ['census', 'usage']),
  })),
  'gives up after three failures': inOutgoing(outgoing => ({
    routes: async () => (await outgoing.routes()).filter(({ attempts = 0 }) => attempts < 3),
  })),
};
