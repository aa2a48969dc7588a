import { isIP } from 'node:net';

/** Where Google hands out access tokens. */
export const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token';

export interface TokenEndpoint {
  url: URL;
  /** The URL is an app's word: it may lead to the public internet only. */
  publicOnly: boolean;
}

export interface TokenEndpointRules {
  fcmUrl?: string;
  production: boolean;
}

/** Google's own, of today and of older files. */
const GOOGLES = /^(accounts\.google\.com|([a-z0-9-]+\.)*googleapis\.com)$/;

/**
 * Where a service account's access tokens come from. The address is in an uploaded file, so it must not lead this server
 * anywhere of the uploader's choice (security.md S16): Google's hosts by https on its usual port, and public addresses
 * only, decided when it connects. The one exception is the machine that the operator named itself with FCM_URL; in
 * production only the very same origin.
 *
 * @returns what is wrong with it, where it may not be used
 */
export function tokenEndpoint(uri: string, { fcmUrl, production }: TokenEndpointRules): TokenEndpoint | string {
  if (!URL.canParse(uri)) return 'This is no URL.';
  const url = new URL(uri);
  if (url.username !== '' || url.password !== '') return 'A URL with a user name or a password is not followed.';
  const named = fcmUrl === undefined ? undefined : new URL(fcmUrl);
  if (named && url.protocol.startsWith('http')) {
    if (url.origin === named.origin) return { url, publicOnly: false };
    if (!production && sameMachine(url.hostname, named.hostname)) return { url, publicOnly: false };
  }
  if (url.protocol !== 'https:') return 'Only https is followed.';
  if (url.port !== '') return 'Only the usual port of https (443) is followed.';
  if (!GOOGLES.test(url.hostname)) {
    return `Only Google's own endpoints are used, such as ${GOOGLE_TOKEN_URI}; the operator can name another machine with FCM_URL.`;
  }
  return { url, publicOnly: true };
}

const sameMachine = (a: string, b: string): boolean => a === b || (isLoopback(a) && isLoopback(b));

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
