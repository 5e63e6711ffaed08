import { Hono } from 'hono';
import { asset, readAsset } from '../ops/assets.js';

/**
 * What a careful web server would send with a join page. `lit-html` is the policy of the disclosure panel; the tag's
 * own makes the worker's address a TrustedScriptURL.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types lit-html meeting-join-telemetry 'allow-duplicates'",
].join('; ');

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeAttribute = (text: string): string => text.replace(/[&<>"]/g, sign => escapes[sign] ?? sign);

/** The join launcher page. The pool is written into the tag by the server, as a launcher's server knows it. */
export const createLauncher = (): Hono => {
  const launcher = new Hono();
  launcher.get('/', async context => {
    const page = await readAsset('launcher/index.html');
    const pool = escapeAttribute(context.req.query('pool') ?? '');
    return context.html(
      page.toString('utf8').replace('{{pool}}', () => pool),
      200,
      {
        'Content-Security-Policy': contentSecurityPolicy,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
      },
    );
  });
  launcher.get('/launcher.css', () => asset('launcher/launcher.css'));
  launcher.get('/launcher.js', () => asset('launcher/launcher.js'));
  launcher.get('/launcher.js.map', () => asset('launcher/launcher.js.map'));
  return launcher;
};
