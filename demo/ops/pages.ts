import { Hono } from 'hono';
import { asset } from './assets.js';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

/** The console's page. It holds no figures, so it needs no token; what it fetches does. */
export const createPages = (): Hono => {
  const pages = new Hono();
  pages.get('/', async () => {
    const page = await asset('ops/index.html');
    page.headers.set('Content-Security-Policy', contentSecurityPolicy);
    page.headers.set('Referrer-Policy', 'no-referrer');
    page.headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    return page;
  });
  for (const name of ['console.js', 'console.js.map', 'console.css', 'uplot.css']) {
    pages.get(`/${name}`, () => asset(`ops/${name}`));
  }
  return pages;
};
