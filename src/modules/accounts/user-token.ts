import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../kernel/errors/app-error';
import { ID_PATTERN } from '../../kernel/ids';
import { TOKEN_TTL_MAX_SECONDS, type SigningKey } from '../tenancy';

/**
 * User tokens: `base64url({v,kid}).base64url(claims).base64url(HMAC-SHA256)`. The algorithm follows from the version and
 * is never read from the token; the key is the app's, so that a token of one app proves nothing in another.
 */
export interface TokenClaims {
  aud: 'im';
  /** The app's public id. */
  app: string;
  /** The user's id. */
  sub: string;
  /** The login (session) that the token belongs to. */
  sid: string;
  /** `users.tokenVersion` at issue; tokens of a lower version are refused. */
  ver: number;
  /** Unix seconds. */
  iat: number;
  exp: number;
  jti: string;
}

/** A token taken apart, with nothing about it proven yet. */
export interface UnprovenToken {
  readonly kid: number;
  readonly claims: TokenClaims;
  /** The signed text and the signature as sent. */
  readonly signed: string;
  readonly signature: string;
}

/** Why a token does not hold; the tool `POST /v1/tokens/verify` shows it. */
export type TokenFault = 'bad-signature' | 'not-yet-valid' | 'expired';

export const TOKEN_TTL_MIN_SECONDS = 60;
/** Clocks of two machines may differ by this much. */
export const TOKEN_LEEWAY_SECONDS = 60;
const TOKEN_MAX_LENGTH = 1024;
const VERSION = 1;
const SHAPE = /^[A-Za-z0-9_-]{8,64}\.[A-Za-z0-9_-]{16,900}\.[A-Za-z0-9_-]{43}$/;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const mac = (key: Buffer, signed: string): string => createHmac('sha256', key).update(signed).digest('base64url');

export function signToken(claims: Omit<TokenClaims, 'aud' | 'jti'>, { kid, key }: SigningKey): string {
  const payload: TokenClaims = { aud: 'im', ...claims, jti: randomBytes(9).toString('base64url') };
  const signed = `${encode({ v: VERSION, kid })}.${encode(payload)}`;
  return `${signed}.${mac(key, signed)}`;
}

/** The parts of what looks like a user token; undefined for everything else. Cheap, and proves nothing. */
export function parseToken(token: unknown): UnprovenToken | undefined {
  if (typeof token !== 'string' || token.length > TOKEN_MAX_LENGTH || !SHAPE.test(token)) return undefined;
  const [header = '', payload = '', signature = ''] = token.split('.');
  const kid = kidOf(decode(header));
  const claims = claimsOf(decode(payload));
  if (kid === undefined || !claims) return undefined;
  return { kid, claims, signed: `${header}.${payload}`, signature };
}

/** What is wrong with a token at `now` (Unix seconds); undefined when it holds. Equal work for right and wrong. */
export function faultOf(token: UnprovenToken, keys: readonly SigningKey[], now: number): TokenFault | undefined {
  // An unknown kid is compared too, with a key that nobody has, so that it costs the same.
  const key = keys.find(({ kid }) => kid === token.kid)?.key ?? NO_KEY;
  // Text with text: the last character of base64url has spare bits, and only one spelling may pass.
  const fits = timingSafeEqual(Buffer.from(mac(key, token.signed)), Buffer.from(token.signature));
  if (!fits || key === NO_KEY) return 'bad-signature';
  const { iat, exp } = token.claims;
  if (iat > now + TOKEN_LEEWAY_SECONDS) return 'not-yet-valid';
  if (Math.min(exp, iat + TOKEN_TTL_MAX_SECONDS) + TOKEN_LEEWAY_SECONDS < now) return 'expired';
  return undefined;
}

/** As `faultOf`, for doors: throws TOKEN_EXPIRED, TOKEN_NOT_YET_VALID or BAD_CREDENTIALS. */
export function assertHolds(token: UnprovenToken, keys: readonly SigningKey[], now: number): void {
  const fault = faultOf(token, keys, now);
  if (!fault) return;
  if (fault === 'not-yet-valid') {
    const seconds = token.claims.iat - TOKEN_LEEWAY_SECONDS - now;
    throw new AppError('TOKEN_NOT_YET_VALID', { retryAfterMs: seconds * 1000 });
  }
  throw new AppError(fault === 'expired' ? 'TOKEN_EXPIRED' : 'BAD_CREDENTIALS');
}

/** Milliseconds since the epoch; a token never lasts longer than the server's own ceiling. */
export const expiryOf = ({ iat, exp }: TokenClaims): number => Math.min(exp, iat + TOKEN_TTL_MAX_SECONDS) * 1000;

const NO_KEY = randomBytes(32);

/** JSON of a part, or undefined. Parts are short, so that nothing deep can be in them. */
function decode(part: string): unknown {
  const text = Buffer.from(part, 'base64url').toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isId = (value: unknown): value is string => typeof value === 'string' && ID_PATTERN.test(value);

function kidOf(header: unknown): number | undefined {
  if (!isRecord(header) || Object.keys(header).length !== 2 || header.v !== VERSION) return undefined;
  return isCount(header.kid) ? header.kid : undefined;
}

function claimsOf(payload: unknown): TokenClaims | undefined {
  if (!isRecord(payload) || payload.aud !== 'im') return undefined;
  const { app, sub, sid, ver, iat, exp, jti } = payload;
  if (!isId(app) || !isId(sub) || !isId(sid) || !isId(jti)) return undefined;
  if (!isCount(ver) || !isCount(iat) || !isCount(exp)) return undefined;
  return { aud: 'im', app, sub, sid, ver, iat, exp, jti };
}
