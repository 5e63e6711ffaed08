/**
 * The content of `<meeting-join-telemetry-panel>`, loaded when one is first seen. The build bundles it with its own
 * Lit, which a page without the panel never loads, and its own `@lit/localize`, whose one configuration a host page
 * that also uses it keeps for itself.
 */
export { showPanel } from './page/panel/panel.js';
