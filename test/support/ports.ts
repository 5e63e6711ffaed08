/**
 * Ports below the range from which the kernel takes those of outgoing connections: a server that stops listening on
 * one must find it free when it comes back.
 */
import { createServer } from 'node:net';

const firstPort = 20_000;
const lastPort = 30_000;

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    if (await isFree(port)) return port;
  }
};
