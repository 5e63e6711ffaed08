import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Figures, JoinTimeBucket, JoinTimeInterval, Overview, Rate, SeriesPoint, Summary } from '../api.js';
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
    : html`<span class="spread" title=${text.interval(format.percent(rate.low), format.percent(rate.high))}>${format.percents(rate.low, rate.high)}</span>`;

/** How many joins the rate divides by. */
const judged = (summary: Figures, name: RateName): number => {
  if (name === 'serviceSuccessRate') return summary.success + summary.unexpected_failure;
  if (name === 'joinSuccessRate') return summary.success + summary.expected_failure + summary.unexpected_failure;
  return summary.attempts;
};

/** The same rate in the period before, where that had joins enough. */
const rateBefore = ({ previous }: Summary, name: RateName): Rate | undefined =>
  previous && judged(previous, name) >= minBefore ? previous.intervals[name] : undefined;

const rateStat = (scene: Scene, summary: Summary, name: RateName, label: string, help: string): TemplateResult => {
  const rate = summary.intervals[name];
  const n = judged(summary, name);
  return html`<div class="stat" data-stat=${name}>
    <h3 title=${help}>${label}</h3>
    <p class="figure">${scene.format.percent(rate.value)} ${spread(scene, rate)}</p>
    <p class="under">${delta(scene, rate, rateBefore(summary, name))}</p>
    <p class="under soft">${scene.text.outOf(scene.format.count(n))}${n > 0 && n < minJudged ? html` · ${scene.text.tooFew}` : nothing}</p>
    ${name === 'coverage' ? residue(scene, summary) : nothing}
  </div>`;
};

/** The joins whose result nobody knows, never hidden. */
const residue = ({ text, format }: Scene, { unknown, pending }: Summary): TemplateResult =>
  html`<p class="under soft">${text.unknown(format.count(unknown))}${pending > 0 ? html` · ${text.pending(format.count(pending))}` : nothing}</p>`;

/** One failure of one join at night would be the deepest dip of all. */
const minShare = 5;

const shareOf = (point: SeriesPoint): number | undefined => {
  const total = point.success + point.unexpected_failure;
  return total < minShare ? undefined : point.success / total;
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

type TimeName = keyof Summary['joinTimeMs'];

const timeNames: readonly TimeName[] = ['p50', 'p95'];

/** Joins that have a join time. */
const timed = ({ joinTimeBuckets }: Figures): number => Object.values(joinTimeBuckets).reduce((sum, n) => sum + n, 0);

const timeBefore = ({ previous }: Summary): Figures | undefined =>
  previous && timed(previous) >= minBefore ? previous : undefined;

const timeRange = ({ text, format }: Scene, { low, high }: JoinTimeInterval): string =>
  low === null || high === null ? text.tooFew : text.customRange(format.duration(low), format.duration(high));

/** Since the period before. */
const longer = ({ format }: Scene, nowMs: number | null, beforeMs: number | null | undefined): string =>
  nowMs === null || beforeMs === null || beforeMs === undefined ? '—' : format.longer(nowMs - beforeMs);

const bucketNames: readonly JoinTimeBucket[] = ['under2s', 'from2To5s', 'from5To10s', 'over10s'];

const pointsMore = ({ format }: Scene, now: Rate, before: Rate | undefined): string =>
  now.value === null || before === undefined || before.value === null ? '—' : format.points(now.value - before.value);

const bucketBars = (scene: Scene, summary: Summary): TemplateResult => {
  const { text, format } = scene;
  const before = timeBefore(summary);
  return html`<ul class="buckets">${bucketNames.map(name => {
    const rate = summary.joinTimeShares[name];
    const grow = rate.value === null ? 1 : Math.max(rate.value, 0.001);
    return html`<li data-bucket=${name} .style=${`flex-grow:${grow}`}><span>${text.buckets[name]}</span> <b>${format.percent(rate.value, 0)}</b>
      ${before ? html`<small>${text.points(pointsMore(scene, rate, before.joinTimeShares[name]))}</small>` : nothing}</li>`;
  })}</ul>`;
};

const timeStat = (scene: Scene, summary: Summary): TemplateResult => {
  const { text, format } = scene;
  const before = timeBefore(summary);
  const figure = (name: TimeName, label: string, help: string): TemplateResult => html`<div data-time=${name}>
    <p class="figure">${format.duration(summary.joinTimeMs[name])} <span class="spread" title=${help}>${label}</span></p>
    <p class="under soft">${timeRange(scene, summary.joinTimeIntervals[name])}</p>
    ${before ? html`<p class="under soft">${text.versus(longer(scene, summary.joinTimeMs[name], before.joinTimeMs[name]))}</p>` : nothing}
  </div>`;
  return html`<div class="stat wide" data-stat="joinTime">
    <h3 title=${text.joinTimeHelp}>${text.joinTime} <span class="of">${text.outOf(format.count(timed(summary)))}</span></h3>
    <div class="times">${figure('p50', text.median, text.joinTimeHelp)}${figure('p95', text.p95, text.p95Help)}</div>
    ${bucketBars(scene, summary)}
  </div>`;
};

const more = ({ format }: Scene, now: number, before: number): string =>
  `${now < before ? '−' : '+'}${format.count(Math.abs(now - before))}`;

const attemptsStat = (scene: Scene, summary: Summary): TemplateResult => {
  const { text, format, model } = scene;
  const before = summary.previous?.attempts ?? 0;
  const change = before < minBefore ? text.noPrevious : text.versus(more(scene, summary.attempts, before));
  return html`<div class="stat" data-stat="attempts">
    <h3 title=${text.attemptsHelp}>${text.attempts}</h3>
    <p class="figure">${format.count(summary.attempts)}</p>
    ${model.overview?.fromMs === null ? nothing : html`<p class="under soft">${change}</p>`}
    <p class="under soft" title=${text.assumedHelp}>${summary.assumedSuccess > 0 ? text.assumed(format.count(summary.assumedSuccess)) : nothing}</p>
  </div>`;
};

/** What stands in the cells of a figure's row, in the order of the columns. */
type Cells = readonly [now: string, sure: string, outOf: string, before: string, change: string];

const rateCells = (scene: Scene, rate: Rate, n: number, before: Rate | undefined): Cells => [
  scene.format.percent(rate.value),
  rate.value === null ? '—' : scene.format.percents(rate.low, rate.high),
  scene.format.count(n),
  scene.format.percent(before?.value ?? null),
  scene.text.points(pointsMore(scene, rate, before)),
];

const countCells = (scene: Scene, now: number, before: number | undefined, outOf = '—'): Cells => [
  scene.format.count(now),
  '—',
  outOf,
  before === undefined ? '—' : scene.format.count(before),
  before === undefined ? '—' : more(scene, now, before),
];

const timeCells = (scene: Scene, summary: Summary, name: TimeName): Cells => {
  const now = summary.joinTimeMs[name];
  const before = timeBefore(summary)?.joinTimeMs[name] ?? null;
  return [
    scene.format.duration(now),
    timeRange(scene, summary.joinTimeIntervals[name]),
    scene.format.count(timed(summary)),
    scene.format.duration(before),
    longer(scene, now, before),
  ];
};

/** Every figure with what it means, how sure it is, of how many joins, and what it was before: for who reads, or hears. */
const figuresTable = (scene: Scene, summary: Summary): TemplateResult => {
  const { text, format } = scene;
  const { previous } = summary;
  const rate = (name: RateName): Cells =>
    rateCells(scene, summary.intervals[name], judged(summary, name), rateBefore(summary, name));
  const attempts = format.count(summary.attempts);
  const rows: readonly (readonly [name: string, help: string, cells: Cells])[] = [
    [text.serviceSuccess, text.serviceSuccessHelp, rate('serviceSuccessRate')],
    [text.joinSuccess, text.joinSuccessHelp, rate('joinSuccessRate')],
    [text.fiveSecond, text.fiveSecondHelp, rate('fiveSecondJoinRate')],
    [text.coverage, text.coverageHelp, rate('coverage')],
    [text.attempts, text.attemptsHelp, countCells(scene, summary.attempts, previous?.attempts)],
    [text.unknownResult, text.unknownHelp, countCells(scene, summary.unknown, previous?.unknown, attempts)],
    [
      text.assumedSuccess,
      text.assumedHelp,
      countCells(scene, summary.assumedSuccess, previous?.assumedSuccess, format.count(summary.success)),
    ],
    ...timeNames.map(name => {
      const [label, help] = name === 'p50' ? [text.median, text.joinTimeHelp] : [text.p95, text.p95Help];
      return [`${text.joinTime}, ${label}`, help, timeCells(scene, summary, name)] as const;
    }),
    ...bucketNames.map(name => {
      const before = timeBefore(summary)?.joinTimeShares[name];
      const cells = rateCells(scene, summary.joinTimeShares[name], timed(summary), before);
      return [`${text.joinTime} ${text.buckets[name]}`, text.joinTimeHelp, cells] as const;
    }),
  ];
  return html`<details class="twin" data-figures><summary>${text.allFigures}</summary>
    <div class="scroll" tabindex="0" role="group" aria-label=${text.allFigures}><table class="numbers">
      <thead><tr>${[text.figure, text.now, text.sure, text.outOfWhat, text.before, text.difference].map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ([name, help, cells]) =>
          html`<tr><th scope="row">${name} <small class="soft meaning">${help}</small></th>${cells.map(cell => html`<td>${cell}</td>`)}</tr>`,
      )}</tbody></table></div></details>`;
};

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
      ${attemptsStat(scene, summary)} ${rateStat(scene, summary, 'coverage', text.coverage, text.coverageHelp)} ${timeStat(scene, summary)}
    </div>
    ${figuresTable(scene, summary)}
  </section>`;
};
