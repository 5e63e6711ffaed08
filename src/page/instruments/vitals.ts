/**
 * Web vitals, once each becomes final: web-vitals reports on page hide and again, with the same id, when a page that came
 * back from the back/forward cache makes a new one.
 */
import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import type { InstrumentOptions, RecordEvent } from './instrument.js';

export const observeVitals = (record: RecordEvent, { signal }: InstrumentOptions): void => {
  const report = ({ name, value, delta, id, rating, navigationType }: Metric) => {
    // web-vitals has no way to unsubscribe.
    if (signal.aborted) return;
    void record({
      name: 'browser.web_vital',
      attributes: {
        'browser.web_vital.name': name.toLowerCase(),
        'browser.web_vital.value': value,
        'browser.web_vital.delta': delta,
        'browser.web_vital.id': id,
        'browser.web_vital.rating': rating,
        'browser.web_vital.navigation_type': navigationType,
      },
    });
  };
  for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB]) on(report);
};
