import type { Language } from '../../browser/language.js';
import type { FilterName, View } from './address.js';
import type { Configurations, FaultKind, Join, JoinDetail, Overview } from './api.js';
import type { Format } from './format.js';
import type { Messages } from './messages.js';

export type Theme = 'system' | 'light' | 'dark';

export type Health =
  | { state: 'loading' | 'ready' | 'unreachable' | 'signed-out' }
  | { state: 'bad-filter'; problem: string };

/** All that the page knows at one moment. */
export interface Model {
  view: View;
  language: Language;
  theme: Theme;
  health: Health;
  overview: Overview | undefined;
  loadedAtMs: number;
  live: boolean;
  tail: readonly Join[];
  /** As many joins are asked for. */
  tailLimit: number;
  detail: JoinDetail | 'missing' | undefined;
  configurations: Configurations | undefined;
  /** Undefined where faults cannot be asked for. */
  fault: FaultKind | undefined;
  /** What the last action of the reader came to, to be shown and said aloud. */
  notice: { words: string; failed: boolean } | undefined;
}

/** All that the page can do. */
export interface Actions {
  show(view: View): void;
  filter(name: FilterName, value: string): void;
  openJoin(id: string | undefined): void;
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
  setFlag(identity: string, enabled: boolean): void;
  importConfiguration(file: File): void;
  setFault(kind: FaultKind): void;
  showMoreJoins(): void;
  closeNotice(): void;
}

/** What every view draws from: views are pure functions of a scene. */
export interface Scene {
  model: Model;
  text: Messages;
  format: Format;
  act: Actions;
}
