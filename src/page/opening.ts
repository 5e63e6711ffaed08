/** The seam between the element and the session it loads when its gate opens. */
import type { FlushReport, Notice, Size } from '../delivery/index.js';
import type { Category, Surface } from '../practices/index.js';
import type { ErrorContext } from './instruments/errors.js';
import type { StartOptions, Verb } from './instruments/instrument.js';
import type { Usage } from './instruments/usage.js';

/** What the element knows when its gate opens. */
export interface Opening {
  endpoint: string;
  /** '' when the configuration stands in the page. */
  configSrc: string;
  pool: string;
  site: string;
  surface: Surface;
  appName: string;
  workerSrc: string;
  federationPartner: string;
  pseudonymKey: string;
  userId: string;
  categories: Category[];
  /** What to add to this computer's clock for the server's. */
  skewMs: number;
}

/** An open gate, as the element sees it. Times are on the scale of `performance.now()`. */
export interface Session {
  startJoin(options: StartOptions & { id: string }, at: number): void;
  actOnJoin(id: string, verb: Verb, argument: unknown, at: number): void;
  click(event: Event, element: Element): void;
  recordSignIn(succeeded: boolean): void;
  recordUsage(usage: Usage): void;
  recordError(error: unknown, context?: ErrorContext): void;
  flush(): Promise<FlushReport>;
  size(): Promise<Size>;
  /** The flag has been read after all, or something else about the opening has changed. */
  update(opening: Opening): Promise<void>;
  /** Stops, and deletes nothing: the element has left the page. */
  end(): void;
}

/** @param isHeld the configuration cannot be reached: queue if an earlier answer allows it, but send nothing */
export type OpenSession = (
  opening: Opening,
  isHeld: boolean,
  onNotice: (notice: Notice) => void,
) => Promise<Session | undefined>;

export const routeKeyOf = ({ endpoint, configSrc, pool, site, surface }: Opening): string =>
  [endpoint, configSrc, pool.toLowerCase(), site.toLowerCase(), surface].join(' ');
