import { expect } from 'chai';
import { whenActivated } from '#src/page/instruments/activation.js';
import { environment } from '#src/page/instruments/census.js';
import { observeErrors } from '#src/page/instruments/errors.js';
import { toException } from '#src/page/instruments/exception.js';
import type { TelemetryEvent } from '#src/page/instruments/instrument.js';
import { createJoins } from '#src/page/instruments/join.js';
import { reconcile } from '#src/page/instruments/reconcile.js';
import { observeVitals } from '#src/page/instruments/vitals.js';

const collect = () => {
  const events: TelemetryEvent[] = [];
  const abort = new AbortController();
  return { events, abort, signal: abort.signal, record: async (event: TelemetryEvent) => void events.push(event) };
};

const until = async (isTrue: () => boolean) => {
  for (let i = 0; i < 100 && !isTrue(); i++) await new Promise(resolve => setTimeout(resolve, 30));
};

describe('instruments in this engine', () => {
  it('writes a stack of this engine', () => {
    const fail = () => {
      throw new TypeError('here');
    };
    try {
      fail();
    } catch (error) {
      const { attributes } = toException(error, 'handled');
      const [frame] = `${attributes['exception.stacktrace']}`.split('\n');
      expect(frame).to.match(/^fail@http:\/\/.*\/instruments\.test\.js:\d+:\d+$/);
      expect(attributes['exception.type']).to.equal('TypeError');
    }
  });

  it('knows this engine', async () => {
    const { resource, census } = await environment();
    expect(resource['os.name']).to.equal('Linux');
    expect(resource['user_agent.name']).to.be.oneOf(['Chrome', 'Firefox', 'Safari']);
    expect(resource['user_agent.version']).to.match(/^\d+$/);
    expect(census['browser.language']).to.equal(navigator.language);
    expect(census['device.model.name']).to.equal(undefined);
  });

  it('sees an image that does not load, and what the policy forbids', async () => {
    const { events, record, signal, abort } = collect();
    observeErrors(record, { signal, count: async () => {} });
    const image = new Image();
    image.src = '/missing.png';
    document.body.append(image);
    // The engine may have reports of its own beside it.
    const from = (source: string) => events.find(({ attributes }) => attributes['meeting.error.source'] === source);
    await until(() => from('resource') !== undefined);
    expect(from('resource')?.attributes['exception.type']).to.equal('img');
    expect(from('resource')?.attributes['exception.message']).to.match(/missing\.png$/);

    const policy = document.createElement('meta');
    policy.httpEquiv = 'Content-Security-Policy';
    policy.content = "img-src 'none'";
    document.head.append(policy);
    image.src = '/forbidden.png';
    await until(() => from('csp') !== undefined);
    expect(from('csp')?.attributes['exception.message']).to.match(/^img-src .*forbidden\.png$/);
    abort.abort();
    image.remove();
  });

  it('reports vitals in lower case, and none after the end', async () => {
    const { events, record, signal, abort } = collect();
    observeVitals(record, { signal });
    await until(() => events.length > 0);
    for (const { attributes } of events) {
      expect(attributes['browser.web_vital.name']).to.be.oneOf(['cls', 'fcp', 'inp', 'lcp', 'ttfb']);
      expect(attributes['browser.web_vital.value']).to.be.a('number');
      expect(attributes['browser.web_vital.rating']).to.be.oneOf(['good', 'needs-improvement', 'poor']);
    }
    expect(events.map(({ attributes }) => attributes['browser.web_vital.name'])).to.include('ttfb');
    const before = events.length;
    abort.abort();
    dispatchEvent(new PageTransitionEvent('pagehide'));
    expect(events.length).to.equal(before);
  });

  it('holds a lock while an attempt is open, so that another tab leaves it alone', async () => {
    const { events, record, signal } = collect();
    const options = { signal, context: {}, count: async () => {} };
    const act = createJoins(record, options).start({ method: 'native' });
    // It is asked for after the call; the journal has the attempt later still.
    await Promise.resolve();
    const orphan = events[0]?.opens;
    if (!orphan) throw new Error('no attempt');
    await reconcile(record, [orphan]);
    expect(events).to.have.length(1);
    act('succeed');
    expect(events[1]?.attributes['meeting.join.result']).to.equal('success');
    await until(() => false || events.length > 2);
    await reconcile(record, [orphan]);
    // The journal of a real recorder would refuse this one: it is closed.
    expect(events[2]?.attributes['meeting.join.result']).to.equal('unknown');
    const names = performance.getEntriesByType('measure').map(({ name }) => name);
    expect(names).to.include('meeting-join success');
  });

  it('waits for a prerendered page to be seen', () => {
    let runs = 0;
    const { signal } = collect();
    Object.defineProperty(document, 'prerendering', { configurable: true, value: true });
    whenActivated(() => runs++, signal);
    expect(runs).to.equal(0);
    Reflect.deleteProperty(document, 'prerendering');
    document.dispatchEvent(new Event('prerenderingchange'));
    document.dispatchEvent(new Event('prerenderingchange'));
    expect(runs).to.equal(1);
    whenActivated(() => runs++, signal);
    expect(runs).to.equal(2);
  });
});
