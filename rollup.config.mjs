import { readFileSync } from 'node:fs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** What the build knows and the source does not: no environment reads `process` in a browser. */
const define = {
  name: 'define',
  renderChunk: code =>
    code.replaceAll('process.env.NODE_ENV', '"production"').replaceAll('__VERSION__', `"${version}"`),
};

const plugins = [
  nodeResolve({ exportConditions: ['production', 'browser'] }),
  define,
  terser({
    ecma: 2022,
    module: true,
    compress: { passes: 3, unsafe_arrows: true, pure_getters: true },
    format: { comments: false },
  }),
];

export default [
  {
    input: { 'meeting-join-telemetry': 'dist/define.js' },
    output: { dir: 'dist', format: 'es', sourcemap: true, chunkFileNames: 'meeting-join-telemetry-[name]-[hash].js' },
    plugins,
  },
  {
    input: 'dist/worker/index.js',
    output: { file: 'dist/meeting-join-telemetry-sw.js', format: 'iife', sourcemap: true },
    plugins,
  },
];
