import { limits } from './limits.js';
import type { Answer } from './outcomes.js';

export interface Beacon {
  endpoint: string;
  body: string;
  /** Compress the body. */
  gzip: boolean;
  signal: AbortSignal;
}

const compress = (content: Blob) => new Response(content.stream().pipeThrough(new CompressionStream('gzip'))).blob();

/**
 * Posts one beacon. Small ones with keepalive, so that a closing tab does not cut them off.
 * @returns undefined when nothing came back. Redirects are nothing: a collector does not redirect, a captive portal does.
 */
export const send = async ({ endpoint, body, gzip, signal }: Beacon): Promise<Answer> => {
  try {
    const plain = new Blob([body]);
    const content = gzip ? await compress(plain) : plain;
    const response = await fetch(endpoint, {
      method: 'POST',
      body: content,
      headers: { 'content-type': 'application/json', ...(gzip && { 'content-encoding': 'gzip' }) },
      credentials: 'omit',
      redirect: 'error',
      keepalive: content.size < limits.maxKeepaliveBytes,
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.requestTimeoutMs)]),
    });
    return {
      status: response.status,
      contentType: response.headers.get('content-type'),
      retryAfter: response.headers.get('retry-after'),
      body: await response.text(),
    };
  } catch {
    return undefined;
  }
};
