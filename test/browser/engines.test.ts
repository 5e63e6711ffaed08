import { expect } from 'chai';

describe('the engine', () => {
  it('has what the product builds on', () => {
    const needed = { indexedDB, serviceWorker: navigator.serviceWorker, locks: navigator.locks, subtle: crypto.subtle };
    // Names, not objects: the runner cannot carry a host object of a failed assertion to Node.
    expect(Object.entries(needed).filter(([, value]) => !value)).to.have.length(0);
  });
});
