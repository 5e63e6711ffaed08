import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';

/** What the build knows and the source does not: no environment reads `process` in a browser. */
const define = {
  name: 'define',
  transform: code => ({
    code: code.replaceAll('process.env.NODE_ENV', '"production"'),
    map: null,
  }),
};

/** Reads the maps that the compiler wrote, so that ours lead to the source. */
const sourceMaps = {
  name: 'source-maps',
  load(id) {
    if (!existsSync(`${id}.map`) || id.includes('node_modules')) return null;
    return { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') };
  },
};

/** One word for every declaration compresses better than two (70 bytes); of the same length, so that maps stay true. */
const oneKeyword = {
  name: 'one-keyword',
  renderChunk: code => ({ code: code.replace(/\bconst(?=[ {[])/g, 'let  '), map: null }),
};

const isArtifact = file => /^meeting-join-telemetry.*\.js$/.test(file);

const hash = file =>
  `sha384-${createHash('sha384')
    .update(readFileSync(`dist/${file}`))
    .digest('base64')}`;

/**
 * The hashes for `integrity` attributes and import maps. The chunks are listed too: `integrity` on a script does not
 * cover what it imports, an import map's `integrity` does.
 */
const integrity = {
  name: 'integrity',
  writeBundle() {
    const hashes = Object.fromEntries(
      readdirSync('dist')
        .filter(isArtifact)
        .sort()
        .map(file => [file, hash(file)]),
    );
    writeFileSync('dist/integrity.json', `${JSON.stringify(hashes, null, 2)}\n`);
  },
};

/** Chunks carry a hash in their name: those of an earlier build would stay beside the new ones. */
const clean = {
  name: 'clean',
  buildStart() {
    for (const file of readdirSync('dist').filter(file => /^meeting-join-telemetry-.*-.{8}\.js(\.map)?$/.test(file)))
      rmSync(`dist/${file}`);
  },
};

const plugins = [
  sourceMaps,
  nodeResolve({ exportConditions: ['production', 'browser'] }),
  define,
  oneKeyword,
  terser({
    ecma: 2022,
    module: true,
    // Unsafe for code that redefines Array or RegExp; what it does to ours is to write templates as sums.
    compress: { passes: 5, inline: 1, keep_fargs: false, unsafe: true, unsafe_arrows: true, pure_getters: true },
    format: { comments: false, quote_style: 1 },
  }),
  integrity,
];

/** Puts files that are served as they are beside a bundle. */
const files = entries => ({
  name: 'files',
  generateBundle() {
    for (const [fileName, path] of Object.entries(entries)) {
      this.emitFile({ type: 'asset', fileName, source: readFileSync(path) });
    }
  },
});

/** A page of the demo: one script, its HTML and its styles. */
const page = (name, script, served) => ({
  input: `build/demo-browser/${name}/browser/${script}.js`,
  output: { file: `build/public/${name}/${script}.js`, format: 'es', sourcemap: true },
  plugins: [...plugins, files(served)],
});

const isStandby = file => /^meeting-join-telemetry-standby-.{8}\.js$/.test(file);

export default [
  // A bundle that stands alone: what deletes needs no session, and a session carries nothing for it.
  {
    input: { standby: 'dist/page/standby.js' },
    output: { dir: 'dist', format: 'es', sourcemap: true, entryFileNames: 'meeting-join-telemetry-[name]-[hash].js' },
    plugins: [clean, ...plugins],
  },
  {
    input: { 'meeting-join-telemetry': 'dist/define.js' },
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      chunkFileNames: 'meeting-join-telemetry-[name]-[hash].js',
      paths: id => `./${id.endsWith('/standby.js') ? readdirSync('dist').find(isStandby) : basename(id)}`,
    },
    // Bundles of their own: the one above, and the panel, for the page that shows it.
    external: /\/(standby|meeting-join-telemetry-panel)\.js$/,
    plugins,
  },
  {
    input: { 'meeting-join-telemetry-panel': 'dist/page/panel/panel.js' },
    // The languages import from the panel itself.
    preserveEntrySignatures: 'allow-extension',
    output: { dir: 'dist', format: 'es', sourcemap: true, chunkFileNames: 'meeting-join-telemetry-[name]-[hash].js' },
    plugins,
  },
  {
    input: 'dist/worker/index.js',
    output: { file: 'dist/meeting-join-telemetry-sw.js', format: 'iife', sourcemap: true },
    plugins,
  },
  page('launcher', 'launcher', {
    'index.html': 'demo/launcher/browser/index.html',
    'launcher.css': 'demo/launcher/browser/launcher.css',
  }),
  page('ops', 'console', {
    'index.html': 'demo/ops/browser/index.html',
    'console.css': 'demo/ops/browser/console.css',
    'uplot.css': 'node_modules/uplot/dist/uPlot.min.css',
  }),
];
