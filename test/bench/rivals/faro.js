import { initializeFaro } from '@grafana/faro-web-sdk';

const faro = initializeFaro({ url: `${location.origin}/collect`, app: { name: 'bench', version: '1.0.0' } });

globalThis.product = { record: id => faro.api.pushEvent(id) };
