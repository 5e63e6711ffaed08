/** What the README says of the tag, out of the manifest and the bundles. */
import { type Attribute, declarations } from './manifest.js';
import { table } from './readme.js';
import { budgets } from './sizes.js';

const defaultOf = ({ default: value }: Attribute): string => {
  const parsed: unknown = JSON.parse(value ?? '""');
  return parsed === '' || parsed === false ? '' : `\`${parsed}\``;
};

export const attributesTable = (): string => {
  const tag = declarations().find(({ tagName }) => tagName === 'meeting-join-telemetry');
  const rows = (tag?.attributes ?? []).map(attribute => [
    `\`${attribute.name}\``,
    attribute.description ?? '',
    defaultOf(attribute),
  ]);
  return table(['Attribute', 'Meaning', 'Default'], rows);
};

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 102.4) / 10} KB`;

/** The sizes are the budgets, which tests hold: the figures below the sentence are measured. */
export const sentence = (): string =>
  `A tag for meeting join pages that tells operators who could not join and why, collects nothing unless the pool says so,
and whose beacons survive whatever the network, the tab or the browser does. At most **${kilobytes(budgets.closedBytes)}** of script while telemetry is off,
**${kilobytes(budgets.openBytes)}** when it is on (brotli, errors and web vitals included).`;
