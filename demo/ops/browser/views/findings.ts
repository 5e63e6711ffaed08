import { html, nothing, type TemplateResult } from 'lit';
import type { BreakdownRow, Dimension, Finding } from '../api.js';
import { adviceIn, reasonIn, technically } from '../reasons.js';
import type { Scene } from '../scene.js';

/**
 * Of the values that do worse, the one with the most failures is told in words; the others are marked in the list.
 * Often they are the same joins seen from another side: a browser version, and the systems it runs on.
 */
const maxWorse = 1;

const reasonOf = ({ model, text }: Scene, { errorType, code }: Finding): string =>
  errorType === ''
    ? text.quoted(text.results.unexpected_failure)
    : `${text.quoted(reasonIn(model.language, errorType))} (${technically(errorType, code)})`;

const sentence = (scene: Scene, finding: Finding): string => {
  const { text, format } = scene;
  const time = finding.ongoing
    ? text.findingSince(format.moment(finding.fromMs))
    : format.span(finding.fromMs, finding.toMs);
  const { where } = finding;
  const place = where ? text.findingWhere(text.through[where.dimension], where.value) : '';
  const { failures, attempts, devices, ofReason } = finding;
  return text.finding({
    time,
    failures: format.count(failures),
    attempts: format.count(attempts),
    where: place,
    // None are known where error reporting tells of none.
    devices: devices === 0 ? '' : text.findingDevices(format.count(devices)),
    error: reasonOf(scene, finding),
    ofReason: ofReason === failures ? '' : format.count(ofReason),
  });
};

const closer = ({ model, act }: Scene, finding: Finding): void => {
  const filters = { ...model.view.filters };
  if (finding.where) filters[finding.where.dimension] = finding.where.value;
  const marginMs = (finding.toMs - finding.fromMs) / 2;
  const fromMs = Math.round(finding.fromMs - marginMs);
  const toMs = Math.round(finding.toMs + marginMs);
  act.show({ ...model.view, range: undefined, fromMs, toMs, filters });
};

const outage = (scene: Scene, finding: Finding): TemplateResult =>
  html`<li data-finding="outage"><span class="flag" aria-hidden="true"></span><p>${sentence(scene, finding)} ${adviceIn(scene.model.language, finding.errorType)}
    <button type="button" class="link" @click=${() => closer(scene, finding)}>${scene.text.lookCloser}</button></p></li>`;

const worse = (scene: Scene, dimension: Dimension, row: BreakdownRow): TemplateResult => {
  const { text, format, act } = scene;
  const words = text.worseTitle(
    text.dimensions[dimension],
    row.value === '' ? text.none : row.value,
    format.percent(row.serviceSuccessRate.value),
    format.count(row.judged),
  );
  return html`<li data-finding="worse"><span class="flag" aria-hidden="true"></span><p>${words}
    <button type="button" class="link" @click=${() => act.filter(dimension, row.value)}>${text.lookCloser}</button></p></li>`;
};

/** Values that do clearly worse, most failures first, of dimensions not already filtered by or named by an outage. */
const worseRows = ({ model }: Scene, findings: readonly Finding[]): [Dimension, BreakdownRow][] => {
  const told = new Set(findings.map(({ where }) => where && `${where.dimension} ${where.value}`));
  const rows = Object.entries(model.overview?.breakdowns ?? {}) as [Dimension, BreakdownRow[]][];
  return rows
    .flatMap(([dimension, list]) => list.map((row): [Dimension, BreakdownRow] => [dimension, row]))
    .filter(([dimension, row]) => row.worse && model.view.filters[dimension] === undefined)
    .filter(([dimension, row]) => !told.has(`${dimension} ${row.value}`))
    .sort(([, a], [, b]) => b.failed - a.failed)
    .slice(0, maxWorse);
};

/** What stands out, in sentences: an operator who never read a manual reads these first. */
export const findings = (scene: Scene): TemplateResult | typeof nothing => {
  const outages = scene.model.overview?.series.findings ?? [];
  const rows = worseRows(scene, outages);
  if (outages.length + rows.length === 0) return nothing;
  return html`<section class="findings" aria-labelledby="findings">
    <h2 id="findings" class="visually-hidden">${scene.text.findingsTitle}</h2>
    <ul>${outages.map(finding => outage(scene, finding))}${rows.map(([dimension, row]) => worse(scene, dimension, row))}</ul>
  </section>`;
};
