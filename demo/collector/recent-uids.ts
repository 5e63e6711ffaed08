/**
 * Answers "surely new" or "look into the table" for a record's uid, at four bytes a uid: a chain of Bloom filters of
 * 32 bits and 8 probes per uid, each twice the size of the one before. A false "look" costs one query; there is no
 * false "new". Uids that came long ago are forgotten, a filter at a time.
 */
export interface RecentUids {
  mayHave(uid: string): boolean;
  add(uid: string, receivedAtMs: number): void;
  /** Forgets filters all of whose uids came before a moment. @returns the latest moment any of these came, or 0 */
  forget(beforeMs: number): number;
}

interface Filter {
  bits: Uint32Array;
  mask: number;
  capacity: number;
  count: number;
  newestMs: number;
}

const probes = 8;
const smallest = 1 << 17;
const largest = 1 << 22;

const createFilter = (capacity: number): Filter => ({
  bits: new Uint32Array(capacity),
  mask: capacity * 32 - 1,
  capacity,
  count: 0,
  newestMs: 0,
});

/** Two FNV-1a style hashes in one pass. */
const hash = (uid: string): [number, number] => {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let index = 0; index < uid.length; index += 1) {
    const unit = uid.charCodeAt(index);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x85ebca6b);
    second ^= second >>> 13;
  }
  return [(first ^ (first >>> 15)) >>> 0, (second | 1) >>> 0];
};

const has = ({ bits, mask }: Filter, [first, step]: [number, number]): boolean => {
  for (let probe = 0; probe < probes; probe += 1) {
    const bit = (first + Math.imul(probe, step)) & mask;
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
};

const set = (filter: Filter, [first, step]: [number, number]): void => {
  for (let probe = 0; probe < probes; probe += 1) {
    const bit = (first + Math.imul(probe, step)) & filter.mask;
    filter.bits[bit >>> 5] = (filter.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }
  filter.count += 1;
};

export const createRecentUids = (): RecentUids => {
  let newest = createFilter(smallest);
  let filters = [newest];
  return {
    mayHave(uid) {
      const hashes = hash(uid);
      return filters.some(filter => has(filter, hashes));
    },
    add(uid, receivedAtMs) {
      if (newest.count >= newest.capacity) {
        newest = createFilter(Math.min(newest.capacity * 2, largest));
        filters.push(newest);
      }
      set(newest, hash(uid));
      newest.newestMs = Math.max(newest.newestMs, receivedAtMs);
    },
    forget(beforeMs) {
      const old = filters.filter(filter => filter !== newest && filter.newestMs < beforeMs);
      filters = filters.filter(filter => !old.includes(filter));
      return Math.max(0, ...old.map(filter => filter.newestMs));
    },
  };
};
