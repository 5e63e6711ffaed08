import posthog from 'posthog-js/dist/module.slim.no-external';

posthog.init('phc_bench', {
  api_host: location.origin,
  autocapture: false,
  capture_pageview: false,
  disable_session_recording: true,
  disable_surveys: true,
  advanced_disable_flags: true,
  // Headless browsers are taken for robots.
  opt_out_useragent_filter: true,
});

globalThis.product = { record: id => posthog.capture(id) };
