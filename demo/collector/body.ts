/** Reading a request's body within its bounds, plain or gzip, however slowly or falsely announced it comes. */
import { gunzip } from 'node:zlib';
import type { Limits } from './limits.js';

export type BodyProblem = 'too-large' | 'not-gzip' | 'encoding' | 'broken-off';

const inflate = (bytes: Uint8Array, maxOutputLength: number): Promise<Uint8Array | BodyProblem> =>
  new Promise(resolve => {
    gunzip(bytes, { maxOutputLength }, (error, inflated) => {
      if (error === null) resolve(inflated);
      else resolve('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'not-gzip');
    });
  });

/** The body's bytes as they travelled; `onBytes` hears of each chunk as it arrives. */
const readBytes = async (
  request: Request,
  maxBytes: number,
  onBytes: (count: number) => void,
): Promise<Uint8Array | BodyProblem> => {
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) return 'too-large';
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      onBytes(chunk.length);
      if (length > maxBytes) return 'too-large';
      chunks.push(chunk);
    }
  } catch {
    return 'broken-off';
  }
  return Buffer.concat(chunks, length);
};

export const readBody = async (
  request: Request,
  limits: Limits,
  onBytes: (count: number) => void,
): Promise<Uint8Array | BodyProblem> => {
  const encoding = request.headers.get('Content-Encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') return 'encoding';
  const bytes = await readBytes(request, limits.maxBodyBytes, onBytes);
  if (typeof bytes === 'string' || encoding === 'identity') return bytes;
  return inflate(bytes, limits.maxInflatedBytes);
};
