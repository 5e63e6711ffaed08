/** What a template may write on the tag, as Vue's and Svelte's own checkers see it. */
import type { SvelteHTMLElements } from 'svelte/elements';
import type { GlobalComponents } from 'vue';

type VueProps = InstanceType<GlobalComponents['meeting-join-telemetry']>['$props'];
type SvelteProps = SvelteHTMLElements['meeting-join-telemetry'];

export const inVue: VueProps = {
  pool: 'pool01.contoso.com',
  'config-src': '/web-service-configuration.json',
  surface: 'meetings-app',
  onMeetingJoinTelemetryGate: ({ gate }) => gate.state.toUpperCase(),
};

export const inSvelte: SvelteProps = {
  pool: 'pool01.contoso.com',
  'config-src': '/web-service-configuration.json',
  userId: 'amosmarble',
  'onmeeting-join-telemetry-dropped': ({ reason }) => reason.toUpperCase(),
};

// @ts-expect-error There is no such surface.
export const wrongInVue: VueProps = { surface: 'kiosk' };

// @ts-expect-error There is no such surface.
export const wrongInSvelte: SvelteProps = { surface: 'kiosk' };
