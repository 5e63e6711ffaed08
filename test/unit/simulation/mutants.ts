import type { Answer } from '#src/delivery/outcomes.js';
import { deliver } from '#src/delivery/outgoing.js';
import type { Entry, Route } from '#src/delivery/rows.js';
import type { World } from '#src/delivery/sender.js';
import type { Storage, Transaction } from '#src/delivery/storage.js';
import type { Beacon } from '#src/delivery/transport.js';
import type { Mutation } from './realms.js';

const inTransactions = (change: (tx: Transaction, now: () => number) => Partial<Transaction>): Mutation => ({
  storage: (storage, now) => ({
    ...storage,
    transact: work => storage.transact(tx => work({ ...tx, ...change(tx, now) })),
  }),
});

const readingRoutes = (change: (routes: Route[], now: () => number) => Route[]): Mutation =>
  inTransactions((tx, now) => ({
    all: async <T>(...[table, ...rest]: Parameters<Transaction['all']>) => {
      const rows = await tx.all<T>(table, ...rest);
      return table === 'routes' ? (change(rows as Route[], now) as T[]) : rows;
    },
  }));

const writingRoutes = (change: (route: Route) => Partial<Route>): Mutation =>
  inTransactions(tx => ({
    put: (table, row, key) =>
      tx.put(table, table === 'routes' ? { ...(row as Route), ...change(row as Route) } : row, key),
  }));

const inWorld = (change: (world: World, storage: Storage) => Partial<World>): Mutation => ({
  world: (world, storage) => ({ ...world, ...change(world, storage) }),
});

const answering = (change: (answer: NonNullable<Answer>) => NonNullable<Answer>): Mutation =>
  inWorld(world => ({
    send: async beacon => {
      const answer = await world.send(beacon);
      return answer?.status === 200 ? change(answer) : answer;
    },
  }));

/** As if the collector had them: gone, and not counted. */
const forget = (storage: Storage, { body }: Beacon) =>
  storage.transact(async tx => {
    const entries = (await tx.all<Entry>('entries')).filter(({ uid }) => uid && body.includes(`"${uid}"`));
    await deliver(tx, entries, 0, 0);
  });

/**
 * The mistakes that others have made with a queue, each of which the simulation must find: one that cannot fail proves
 * nothing.
 */
export const mutants: Record<string, Mutation> = {
  'deletes before it sends': inWorld((world, storage) => ({
    send: async beacon => {
      await forget(storage, beacon);
      return world.send(beacon);
    },
  })),
  'keeps the deadline in memory only': writingRoutes(() => ({ nextAttemptAt: 0 })),
  'lets news of the network lift a deadline of the server': writingRoutes(() => ({ unreachable: true })),
  'does not wait for its turn': {
    exclusively: () => async work => {
      await work(async () => true);
      return true;
    },
  },
  'does not ask whether its turn is over': {
    exclusively: exclusively => work => exclusively(() => work(async () => true)),
  },
  'does not listen to purges in other tabs': { isDeaf: true },
  'does not count what it drops': inWorld((world, storage) => ({
    send: async beacon => {
      const answer = await world.send(beacon);
      if (answer && [400, 401, 403, 404, 500].includes(answer.status)) await forget(storage, beacon);
      return answer;
    },
  })),
  'does not count what a partial success refused': answering(answer => ({
    ...answer,
    body: answer.body.includes('rejectedLogRecords') ? '{}' : answer.body,
  })),
  'believes a captive portal': answering(answer => ({ ...answer, contentType: 'application/json', body: '{}' })),
  'stamps ids when it sends': inWorld(world => ({
    send: beacon => world.send({ ...beacon, body: beacon.body.replaceAll(/"(r\d+)"/g, '"$1 again"') }),
  })),
  'does not report its losses': { isSilent: true },
  'opens what another is about to delete': { isImpatient: true },
  'trusts the flag for ever': readingRoutes((routes, now) =>
    routes.map(route => ({ ...route, held: false, checkedAt: now() })),
  ),
  'leaves records behind when it purges': inTransactions(tx => ({
    all: async <T>(...[table, limit, lane]: Parameters<Transaction['all']>) => {
      const rows = await tx.all<T>(table, limit, lane);
      // Only who means all entries of a route asks for all there are.
      return table === 'entries' && lane === undefined && !limit
        ? rows.filter(row => (row as Entry).category !== 'error')
        : rows;
    },
  })),
  'gives up after three failures': readingRoutes(routes => routes.filter(({ attempts = 0 }) => attempts < 3)),
};
