import { expect } from 'chai';
import type { Act, Joins } from '#src/page/instruments/instrument.js';
import { joinElementOf } from '#src/page/instruments/join-element.js';
import { type Launch, launchWindowMs, observeLaunch } from '#src/page/instruments/launch.js';

interface Attempt {
  method: string | undefined;
  calls: unknown[][];
  act: Act;
}

/** Joins that write down what they are told, and close as the real ones do. */
const createJoins = () => {
  const attempts: Attempt[] = [];
  const start = ({ method }: { method?: string | undefined }) => {
    const calls: unknown[][] = [];
    let isOpen = true;
    const act: Act = (verb, argument) => {
      if (!isOpen) return false;
      calls.push(argument === undefined ? [verb] : [verb, argument]);
      isOpen = verb === 'stage';
      return true;
    };
    attempts.push({ method, calls, act });
    return act;
  };
  return { attempts, start } as Joins & { attempts: Attempt[] };
};

const assumed = ['succeed', { confidence: 'assumed' }];
const unconfirmed = ['fail', { type: 'client_launch_unconfirmed' }];
const pause = (ms = 0) => new Promise(resolve => setTimeout(resolve, ms));

describe('observeLaunch', () => {
  let abort: AbortController;
  let joins: ReturnType<typeof createJoins>;
  let root: HTMLElement;
  let launch: Launch;

  beforeEach(() => {
    abort = new AbortController();
    joins = createJoins();
    root = document.createElement('div');
    document.body.append(root);
    launch = observeLaunch(joins, { signal: abort.signal });
    // As the shell does.
    const hear = (event: Event) => {
      const element = joinElementOf(event);
      if (element) launch.click(event, element);
    };
    addEventListener('click', hear, { signal: abort.signal, capture: true });
  });
  afterEach(() => {
    abort.abort();
    root.remove();
  });

  const click = (html: string): Element => {
    root.innerHTML = html;
    const element = root.querySelector('[data-meeting-join]') as HTMLElement;
    (element.querySelector('span') ?? element).click();
    return element;
  };
  const calls = () => joins.attempts.map(attempt => attempt.calls);

  it('takes a native client for started when the window loses the focus', async () => {
    click('<button data-meeting-join="native"><span>Join</span></button>');
    dispatchEvent(new Event('blur'));
    await pause(20);
    expect(joins.attempts[0]?.method).to.equal('native');
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('does not, when nothing happened in time', async () => {
    click('<button data-meeting-join="mobile-app">Join</button>');
    await pause(launchWindowMs - 300);
    expect(calls()).to.deep.equal([[]]);
    await pause(400);
    expect(calls()).to.deep.equal([[unconfirmed]]);
    dispatchEvent(new Event('blur'));
    await pause(20);
    expect(calls()).to.deep.equal([[unconfirmed]]);
  });

  it('does not, when a frame of the page took the focus', async () => {
    click('<button data-meeting-join="native">Join</button><iframe></iframe>');
    root.querySelector('iframe')?.focus();
    dispatchEvent(new Event('blur'));
    await pause(20);
    expect(calls()).to.deep.equal([[]]);
  });

  it('does, when the page is left', () => {
    click('<button data-meeting-join="native">Join</button>');
    joins.beforeLeave?.();
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('takes a phone number for handed over', () => {
    click('<button data-meeting-join="phone">Call</button>');
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('takes leaving the page after a web join for the join itself', () => {
    click('<a href="#frag" data-meeting-join="web-app">Join</a>');
    expect(calls()).to.deep.equal([[]]);
    joins.beforeLeave?.();
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('takes a new tab for the join itself', async () => {
    click('<a href="about:blank" target="_blank" data-meeting-join="forwarded">Join</a>');
    await pause(20);
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('leaves a link alone that the page prevented', async () => {
    root.addEventListener('click', event => event.preventDefault());
    click('<a href="about:blank" target="_blank" data-meeting-join="web-app">Join</a>');
    await pause(20);
    expect(calls()).to.deep.equal([[]]);
  });

  it('counts a second click as a retry', () => {
    const element = click('<button data-meeting-join="web-app">Join</button>') as HTMLElement;
    element.click();
    expect(calls()).to.deep.equal([[['stage', 'retry']]]);
    joins.attempts[0]?.act('fail', {});
    element.click();
    expect(joins.attempts).to.have.length(2);
  });

  it('gives up a native launch when the person tries another way', () => {
    click('<button data-meeting-join="native">Join</button>');
    click('<button data-meeting-join="web-app">Join</button>');
    expect(calls()).to.deep.equal([[unconfirmed], []]);
  });

  it('ends with what the page says, even if the page stops the click and the event', () => {
    root.addEventListener('click', event => event.stopImmediatePropagation(), { capture: true, once: true });
    const element = click('<button data-meeting-join="web-app"><span>Join</span></button>');
    const reason = { type: 'capacity', code: 'full' };
    element.firstChild?.dispatchEvent(
      new CustomEvent('meeting-join-failed', { bubbles: true, composed: true, detail: reason }),
    );
    expect(calls()).to.deep.equal([[['fail', reason]]]);
    click('<button data-meeting-join="native">Join</button>');
    document.dispatchEvent(new CustomEvent('meeting-join-succeeded'));
    expect(calls()[1]?.[0]?.[0]).to.equal('succeed');
  });

  it('sees into shadow roots', () => {
    const shadow = root.attachShadow({ mode: 'open' });
    shadow.innerHTML = '<button data-meeting-join="phone">Call</button>';
    shadow.querySelector('button')?.click();
    expect(calls()).to.deep.equal([[assumed]]);
  });

  it('judges an attempt of the page by focus only when asked to', async () => {
    launch.startJoin({ method: 'native' });
    dispatchEvent(new Event('blur'));
    await pause(20);
    expect(calls()).to.deep.equal([[]]);
    launch.startJoin({ method: 'native', detectLaunch: true });
    dispatchEvent(new Event('blur'));
    await pause(20);
    expect(calls()).to.deep.equal([[], [assumed]]);
  });

  it('is gone with its signal', () => {
    abort.abort();
    click('<button data-meeting-join="phone">Call</button>');
    expect(joins.attempts).to.have.length(0);
  });
});
