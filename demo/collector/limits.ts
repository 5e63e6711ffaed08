/** Every bound the collector keeps, in one place. Tests and embedders may pass others. */
export interface Limits {
  /** Bytes of a request's body as it travels. */
  maxBodyBytes: number;
  /** Bytes of a body once inflated: a gzip bomb stops here, not in memory. Five times what the page sends at most. */
  maxInflatedBytes: number;
  /** Log records of one request. */
  maxRecords: number;
  /** Attributes looked at of one resource, scope or record; none of ours has as many. */
  maxAttributes: number;
  /** Bytes of bodies in memory at once, inflated, over all requests: beyond it new ones are asked to come back. */
  maxBytesInFlight: number;
  /** The part of that one client may have: else one that sends slowly kept all others out. */
  maxClientBytesInFlight: number;
  /** Rows that wait for their commit: beyond it new requests are asked to come back. */
  maxWaitingRows: number;
  /** Rows of one commit: writing 2 500 of them down for DuckDB holds the event loop for about 5 ms. */
  maxCommitRows: number;
  /** Requests per second one client may keep up, and how many at once. A whole company may stand behind one address. */
  clientRequestsPerSecond: number;
  clientBurst: number;
  /** Inflated bytes that count as one more request: what a body costs to read grows with it, however small it travelled. */
  bytesPerRequest: number;
  /** Clients remembered for that: the least recently seen is forgotten first. */
  maxClients: number;
  /** Client clocks that differ by more are corrected. */
  maxClockSkewMs: number;
  /** Free space of the volume under which nothing more is stored. */
  minFreeBytes: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: Limits = {
  maxBodyBytes: mebibyte,
  maxInflatedBytes: 2 * mebibyte,
  maxRecords: 2000,
  maxAttributes: 128,
  maxBytesInFlight: 64 * mebibyte,
  maxClientBytesInFlight: 8 * mebibyte,
  maxWaitingRows: 50_000,
  maxCommitRows: 2500,
  clientRequestsPerSecond: 100,
  clientBurst: 1000,
  bytesPerRequest: 32 * 1024,
  maxClients: 20_000,
  maxClockSkewMs: 2000,
  minFreeBytes: 64 * mebibyte,
};
