import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Overview, Rate, SeriesPoint, Summary } from '../api.js';
import type { Scene } from '../scene.js';

type RateName = keyof Summary['intervals'];

/** Below this many joins a rate is shown, but not judged. */
const minJudged = 30;

/** A period before of fewer joins than this is none to compare with. */
const minBefore = 10;

/** Beyond chance: the two 95 % intervals do not even touch. */
const isWorse = (now: Rate, before: Rate | undefined): boolean =>
  before !== undefined && before.value !== null && now.value !== null && now.high < before.low;

/** A period without a beginning has none before it, which needs no words. */
const delta = (
  { model, text, format }: Scene,
  now: Rate,
  before: Rate | undefined,
): TemplateResult | typeof nothing => {
  if (model.overview?.fromMs === null) return nothing;
  if (now.value === null || before === undefined || before.value === null) {
    return html`<span class="soft">${text.noPrevious}</span>`;
  }
  const words = text.versus(text.points(format.points(now.value - before.value)));
  return html`<span class=${isWorse(now, before) ? 'bad' : 'soft'}>${words}</span>`;
};

const spread = ({ text, format }: Scene, rate: Rate): TemplateResult | typeof nothing =>
  rate.value === null
    ? nothing
    : html`<span class="spread" title=${text.interval(format.percent(rate.low), format.percent(rate.high))}>±${format.percent((rate.high - rate.low) / 2)}</span>`;

/** How many joins the rate divides by. */
const judged = (summary: Omit<Summary, 'previous'>, name: RateName): number => {
  if (name === 'serviceSuccessRate') return summary.success + summary.unexpected_failure;
  if (name === 'joinSuccessRate') return summary.success + summary.expected_failure + summary.unexpected_failure;
  return summary.attempts;
};

const rateStat = (scene: Scene, summary: Summary, name: RateName, label: string, help: string): TemplateResult => {
  const rate = summary.intervals[name];
  const n = judged(summary, name);
  const { previous } = summary;
  return html`<div class="stat" data-stat=${name}>
    <h3 title=${help}>${label}</h3>
    <p class="figure">${scene.format.percent(rate.value)} ${spread(scene, rate)}</p>
    <p class="under">${delta(scene, rate, previous && judged(previous, name) >= minBefore ? previous.intervals[name] : undefined)}</p>
    <p class="under soft">${scene.text.outOf(scene.format.count(n))}${n > 0 && n < minJudged ? html` · ${scene.text.tooFew}` : nothing}</p>
  </div>`;
};

const shareOf = (point: SeriesPoint): number | undefined => {
  const total = point.success + point.unexpected_failure;
  return total === 0 ? undefined : point.success / total;
};

const sparkSize = { width: 160, height: 28 };

/** Service success over the period, without axes: only its shape. The chart below has the figures. */
const spark = (points: readonly SeriesPoint[]): TemplateResult | typeof nothing => {
  const shares = points.map(shareOf);
  const known = shares.filter(share => share !== undefined);
  if (known.length < 2) return nothing;
  const low = Math.min(...known, 0.95);
  const place = (share: number, at: number): string =>
    `${((at / (shares.length - 1)) * sparkSize.width).toFixed(1)},${(2 + (1 - (share - low) / (1 - low)) * (sparkSize.height - 4)).toFixed(1)}`;
  const path = shares.flatMap((share, at) => (share === undefined ? [] : [place(share, at)])).join(' ');
  return html`<svg class="spark" viewBox="0 0 ${sparkSize.width} ${sparkSize.height}" preserveAspectRatio="none" aria-hidden="true">${svg`<polyline points=${path} />`}</svg>`;
};

const timeStat = (scene: Scene, summary: Summary): TemplateResult => {
  const { text, format } = scene;
  const { p50, p95 } = summary.joinTimeMs;
  const buckets = Object.entries(summary.joinTimeBuckets) as [keyof Summary['joinTimeBuckets'], number][];
  const total = buckets.reduce((sum, [, n]) => sum + n, 0);
  return html`<div class="stat wide" data-stat="joinTime">
    <h3 title=${text.joinTimeHelp}>${text.joinTime}</h3>
    <p class="figure">${format.duration(p50)} <span class="spread">${text.median}</span> <span class="second">${format.duration(p95)} <span class="spread" title=${text.p95Help}>${text.p95}</span></span></p>
    <ul class="buckets">${buckets.map(
      ([name, n]) => html`<li data-bucket=${name} .style=${`flex-grow:${total === 0 ? 1 : Math.max(n / total, 0.001)}`}>
        <span>${text.buckets[name]}</span> <b>${format.percent(total === 0 ? null : n / total, 0)}</b></li>`,
    )}</ul>
  </div>`;
};

const attemptsStat = ({ text, format }: Scene, summary: Summary): TemplateResult => {
  const before = summary.previous?.attempts ?? 0;
  const more = summary.attempts - before;
  const sign = more < 0 ? '−' : '+';
  return html`<div class="stat" data-stat="attempts">
    <h3>${text.attempts}</h3>
    <p class="figure">${format.count(summary.attempts)}</p>
    ${before < minBefore ? nothing : html`<p class="under soft">${text.versus(`${sign}${format.count(Math.abs(more))}`)}</p>`}
    <p class="under soft" title=${text.assumedHelp}>${summary.assumedSuccess > 0 ? text.assumed(format.count(summary.assumedSuccess)) : nothing}</p>
  </div>`;
};

const coverageStat = ({ text, format }: Scene, summary: Summary): TemplateResult =>
  html`<div class="stat" data-stat="coverage">
    <h3 title=${text.coverageHelp}>${text.coverage}</h3>
    <p class="figure">${format.percent(summary.coverage)}</p>
    <p class="under soft">${text.unknown(format.count(summary.unknown))}</p>
    <p class="under soft">${summary.pending > 0 ? text.pending(format.count(summary.pending)) : nothing}</p>
  </div>`;

/** Enough joins to say so, no outage among them, and no worse than before: only then all is well. */
export const isCalm = ({ series, summary }: Overview): boolean =>
  series.findings.length === 0 &&
  judged(summary, 'serviceSuccessRate') >= minJudged &&
  !isWorse(summary.intervals.serviceSuccessRate, summary.previous?.intervals.serviceSuccessRate);

/** Filtered by outcome, the points hold no rate any more. */
const hasOutcome = ({ model }: Scene): boolean =>
  ['type', 'code', 'result'].some(name => model.view.filters[name as 'type'] !== undefined);

/** Are people getting in? */
export const headline = (scene: Scene, summary: Summary, points: readonly SeriesPoint[]): TemplateResult => {
  const { text } = scene;
  return html`<section class="panel headline" aria-labelledby="getting-in">
    <h2 id="getting-in">${text.gettingIn}</h2>
    <div class="stats">
      <div class="first">${rateStat(scene, summary, 'serviceSuccessRate', text.serviceSuccess, text.serviceSuccessHelp)}${hasOutcome(scene) ? nothing : spark(points)}</div>
      ${rateStat(scene, summary, 'joinSuccessRate', text.joinSuccess, text.joinSuccessHelp)}
      ${rateStat(scene, summary, 'fiveSecondJoinRate', text.fiveSecond, text.fiveSecondHelp)}
      ${attemptsStat(scene, summary)} ${coverageStat(scene, summary)} ${timeStat(scene, summary)}
    </div>
  </section>`;
};
