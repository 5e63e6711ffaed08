/**
 * Who may see the console: `Authorization: Bearer <token>` for scripts, a cookie for people. Mount `requireOperator`
 * before everything that is not public; set the cookie with `operatorCookie` once a token was shown.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';

export const operatorCookieName = 'meeting_join_ops';

/** Digests have one length, so that the comparison tells neither content nor length. */
const isSame = (one: string, other: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
};

/** The cookie does not hold the token itself: whoever reads a cookie cannot script with it. */
const sessionOf = (token: string): string => createHmac('sha256', token).update('operator session').digest('base64url');

export const operatorCookie = (token: string, isSecure: boolean): string =>
  `${operatorCookieName}=${sessionOf(token)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000${isSecure ? '; Secure' : ''}`;

export const isOperatorToken = (shown: string, token: string): boolean => isSame(shown, token);

const isSafeMethod = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** SameSite=Strict, and for changes also a browser that says the request comes from our own pages. */
const isOwnPage = (context: Context): boolean => {
  const site = context.req.header('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin';
  return context.req.header('Origin') === new URL(context.req.url).origin;
};

export const isOperator = (context: Context, token: string): boolean => {
  const bearer = /^Bearer +(\S+)$/i.exec(context.req.header('Authorization') ?? '')?.[1];
  if (bearer !== undefined) return isSame(bearer, token);
  const cookie = getCookie(context, operatorCookieName);
  if (cookie === undefined || !isSame(cookie, sessionOf(token))) return false;
  return isSafeMethod(context.req.method) || isOwnPage(context);
};

export const requireOperator =
  (token: string): MiddlewareHandler =>
  async (context, next) => {
    if (isOperator(context, token)) return next();
    return context.json({ error: 'The operator token is missing or wrong.' }, 401, {
      'WWW-Authenticate': 'Bearer',
      'Cache-Control': 'no-store',
    });
  };
