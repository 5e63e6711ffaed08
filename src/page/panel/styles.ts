/** Constructed, not a `<style>` element: a strict `style-src` lets it through. */
export const createStyles = (): CSSStyleSheet => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
};

const css = `
:host {
  --_text: var(--mjt-panel-text, #1b1f24);
  --_muted: var(--mjt-panel-muted, #57606a);
  --_surface: var(--mjt-panel-surface, #fff);
  --_raised: var(--mjt-panel-raised, #f4f6f8);
  --_line: var(--mjt-panel-line, #d0d7de);
  --_accent: var(--mjt-panel-accent, #0b5cad);
  --_on-accent: var(--mjt-panel-on-accent, #fff);
  --_open: var(--mjt-panel-open, #0b5cad);
  --_closed: var(--mjt-panel-closed, #1a6b3c);
  --_danger: var(--mjt-panel-danger, #b3261e);
  color-scheme: light dark;
  display: block;
  max-width: var(--mjt-panel-width, 46rem);
  color: var(--_text);
  background: var(--_surface);
  font: 400 1rem/1.5 var(--mjt-panel-font, system-ui, sans-serif);
  overflow-wrap: anywhere;
}
@media (prefers-color-scheme: dark) {
  :host {
    --_text: var(--mjt-panel-text, #e6edf3);
    --_muted: var(--mjt-panel-muted, #9ba7b4);
    --_surface: var(--mjt-panel-surface, #14181d);
    --_raised: var(--mjt-panel-raised, #1d232a);
    --_line: var(--mjt-panel-line, #363e48);
    --_accent: var(--mjt-panel-accent, #79b8ff);
    --_on-accent: var(--mjt-panel-on-accent, #0d1117);
    --_open: var(--mjt-panel-open, #79b8ff);
    --_closed: var(--mjt-panel-closed, #6fcf97);
    --_danger: var(--mjt-panel-danger, #ff9b92);
  }
}
:host([hidden]) { display: none; }
*, ::before { box-sizing: border-box; }
section { padding: clamp(1rem, 4vw, 2rem); display: grid; gap: 1.75rem; }
h2, h3, p, dl, dd, ul { margin: 0; }
h2 { font-size: 1.375rem; line-height: 1.25; letter-spacing: -0.01em; }
h3 { font-size: 1.0625rem; margin-bottom: .75rem; }
.muted { color: var(--_muted); }
.small { font-size: .875rem; }
header { display: grid; gap: .5rem; }
.state { border-inline-start: 4px solid var(--_muted); padding: .25rem 0 .25rem 1rem; display: grid; gap: .25rem; }
.state.open { border-color: var(--_open); }
.state.closed { border-color: var(--_closed); }
.state strong { font-size: 1.125rem; }
.opt-in { display: grid; grid-template-columns: auto 1fr; gap: .25rem .75rem; align-items: start; }
.opt-in input { width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; accent-color: var(--_accent); }
.opt-in p { grid-column: 2; }
details { border: 1px solid var(--_line); border-radius: 8px; background: var(--_surface); }
details + details { margin-top: .5rem; }
summary { cursor: pointer; padding: .625rem .875rem; border-radius: 8px; }
summary:hover { background: var(--_raised); }
summary > .row { display: inline-flex; flex-wrap: wrap; gap: .125rem .75rem; width: calc(100% - 1.5rem); vertical-align: top; align-items: baseline; }
summary .name { font-weight: 600; }
summary code { margin-inline-end: auto; }
summary .name:not(:has(+ code)) { margin-inline-end: auto; }
summary .about { flex-basis: 100%; font-variant-numeric: tabular-nums; }
.body { padding: .25rem .875rem .875rem; display: grid; gap: .75rem; }
.data { display: grid; gap: .75rem; padding: 0; list-style: none; }
.data li { display: grid; gap: .125rem; border-top: 1px solid var(--_line); padding-top: .75rem; }
.pairs { display: grid; grid-template-columns: minmax(8rem, 2fr) 3fr; gap: .375rem 1rem; }
.pairs dt { color: var(--_muted); }
@media (max-width: 30rem) {
  .pairs { grid-template-columns: 1fr; gap: 0; }
  .pairs dd { margin-bottom: .5rem; }
}
code, pre { font: .8125rem/1.5 var(--mjt-panel-mono, ui-monospace, SFMono-Regular, Consolas, monospace); }
pre { margin: 0; padding: .75rem; max-height: 20rem; overflow: auto; background: var(--_raised); border-radius: 6px; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; padding: .375rem .5rem; border-top: 1px solid var(--_line); vertical-align: top; }
th { color: var(--_muted); font-weight: 400; font-size: .875rem; white-space: nowrap; }
td.count { font-variant-numeric: tabular-nums; }
.group + .group { margin-top: 1.25rem; }
.more { margin-top: .5rem; }
h4 { margin: 0 0 .5rem; font-size: .9375rem; font-weight: 600; }
.delete { display: grid; gap: .75rem; justify-items: start; }
.delete h3 { margin: 0; }
button { font: inherit; font-weight: 600; padding: .5rem 1rem; min-height: 2.75rem; border-radius: 8px; border: 1px solid var(--_danger); color: var(--_danger); background: none; cursor: pointer; }
button:hover { background: var(--_raised); }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.receipt:empty { display: none; }
.receipt { border-inline-start: 4px solid var(--_closed); padding: .25rem 0 .25rem 1rem; }
@media (forced-colors: active) { .state, .receipt { border-color: CanvasText; } }
`;
