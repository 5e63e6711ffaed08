/** Why a record that was recorded will not reach the collector. Named after Sentry's discard reasons where one fits. */
export type DropReason =
  /** Made room for something more urgent. */
  | 'queue_overflow'
  /** Waited longer than `limits.maxAgeMs`. */
  | 'expired'
  /** Larger than `limits.maxEntryBytes`, or refused alone with 413. */
  | 'too_large'
  /** Refused alone with 400: poison. */
  | 'rejected'
  /** Accepted in part: the collector does not say which. */
  | 'partial_success'
  /** Any other final status. */
  | 'refused'
  /** 410: the collector is gone for good. */
  | 'gone'
  /** The browser's quota is spent. */
  | 'storage_full'
  /** No IndexedDB: what was not sent is gone with the page. */
  | 'storage_unavailable'
  /** An attribute that the catalog does not declare, or of the wrong kind. */
  | 'undeclared';
