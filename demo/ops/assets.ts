import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** Where Rollup puts what browsers load of the demo. */
const publicFolder = new URL('../../public/', import.meta.url);

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
};

export const readAsset = (path: string): Promise<Buffer> => readFile(new URL(path, publicFolder));

/** A built file as a response; 404 when the build has none. Only for paths written in the code, never a client's. */
export const asset = async (path: string): Promise<Response> => {
  try {
    return new Response(await readAsset(path), {
      headers: {
        'Content-Type': types[extname(path)] ?? 'application/octet-stream',
        'Cache-Control': 'no-cache',
        'X-Content-Type-Options': 'nosniff',
      },
    });
  } catch {
    return new Response('Not built: run npm run build.\n', { status: 404 });
  }
};
