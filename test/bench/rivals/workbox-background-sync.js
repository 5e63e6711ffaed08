navigator.serviceWorker.register('/worker.js');

globalThis.product = {
  ready: navigator.serviceWorker.ready,
  record: id =>
    fetch('/collect', { method: 'POST', keepalive: true, body: JSON.stringify({ id }) }).catch(() => undefined),
};
