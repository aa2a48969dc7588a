import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { AppError } from '../../kernel/errors/app-error';
import type { SigningKey } from '../tenancy';
import { assertHolds, expiryOf, faultOf, parseToken, signToken, type UnprovenToken } from './user-token';

const NOW = 1_800_000_000;
const DAY = 86_400;
const newest: SigningKey = { kid: 2, key: randomBytes(32) };
const older: SigningKey = { kid: 1, key: randomBytes(32) };
const KEYS = [newest, older];

const claims = (over: object = {}) => ({
  app: 'app_a',
  sub: 'ann',
  sid: 'abcdefghijkmnpqrstuv',
  ver: 3,
  iat: NOW,
  exp: NOW + DAY,
  ...over,
});
const aToken = (over: object = {}, key = newest): string => signToken(claims(over), key);

const parsed = (token: string): UnprovenToken => {
  const parts = parseToken(token);
  if (!parts) throw new Error('not the shape of a token');
  return parts;
};
const fault = (token: string, now = NOW) => faultOf(parsed(token), KEYS, now);
/** Whether a door would let it in. */
const isAccepted = (token: unknown, now = NOW): boolean => {
  const parts = parseToken(token);
  return parts !== undefined && faultOf(parts, KEYS, now) === undefined;
};

/** A token made of any header and payload, signed as ours are. */
const forged = (header: unknown, payload: unknown, key = newest.key): string => {
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};
const payload = (over: object = {}) => ({ aud: 'im', ...claims(), jti: 'jti-1', ...over });

describe('a user token', () => {
  it('holds under every live key of its app, says whose it is, and stays below 1 KB', () => {
    const longest = aToken({ sub: 'u'.repeat(64), app: 'a'.repeat(40) });
    expect(longest.length).toBeLessThan(1024);
    for (const key of KEYS) {
      const token = aToken({}, key);
      expect(fault(token)).toBeUndefined();
      expect(parsed(token).claims).toMatchObject({ aud: 'im', app: 'app_a', sub: 'ann', ver: 3 });
    }
    expect(aToken()).not.toBe(aToken());
  });

  it('ends a minute after its exp, and begins a minute before its iat', () => {
    const token = aToken();
    expect(fault(token, NOW + DAY + 60)).toBeUndefined();
    expect(fault(token, NOW + DAY + 61)).toBe('expired');
    expect(fault(token, NOW - 60)).toBeUndefined();
    expect(fault(token, NOW - 61)).toBe('not-yet-valid');
  });

  it('never lasts longer than 30 days, whatever it says', () => {
    const token = aToken({ exp: NOW + 365 * DAY });
    expect(expiryOf(parsed(token).claims)).toBe((NOW + 30 * DAY) * 1000);
    expect(fault(token, NOW + 30 * DAY + 61)).toBe('expired');
  });

  it('of another app, of a forgotten key or without a good signature is refused alike', () => {
    const stranger = { kid: 2, key: randomBytes(32) };
    const token = aToken();
    const truncated = token.slice(0, -1);
    expect(fault(aToken({}, stranger))).toBe('bad-signature');
    expect(fault(aToken({}, { kid: 3, key: newest.key }))).toBe('bad-signature');
    expect(faultOf(parsed(token), [], NOW)).toBe('bad-signature');
    expect(isAccepted(truncated)).toBe(false);
    expect(isAccepted(`${token}A`)).toBe(false);
    const swapped = `${token.slice(0, token.lastIndexOf('.'))}.${aToken({ sub: 'bob' }).split('.')[2]}`;
    expect(isAccepted(swapped)).toBe(false);
  });

  it('cannot choose its algorithm, its version, its audience or a key by path', () => {
    expect(isAccepted(forged({ v: 1, kid: 2 }, payload()))).toBe(true);
    for (const header of [
      { v: 1, kid: 2, alg: 'none' },
      { alg: 'HS256', kid: 2 },
      { alg: 'none' },
      { v: 2, kid: 2 },
      { v: 1, kid: '2' },
      { v: 1, kid: '../2' },
      { v: 1, kid: -1 },
      { v: 1, kid: null },
      [1, 2],
      null,
    ]) {
      expect(isAccepted(forged(header, payload()))).toBe(false);
    }
    for (const aud of ['console', 'IM', ['im'], null, undefined]) {
      expect(isAccepted(forged({ v: 1, kid: 2 }, payload({ aud })))).toBe(false);
    }
    const unsigned = `${forged({ v: 1, kid: 2 }, payload()).split('.').slice(0, 2).join('.')}.`;
    expect(isAccepted(unsigned)).toBe(false);
  });

  it('with a claim of the wrong type is no token, even when it is signed', () => {
    for (const over of [
      { sub: 7 },
      { sub: 'ann bob' },
      { sub: { toString: 'ann' } },
      { sid: '' },
      { app: ['app_a'] },
      { ver: '3' },
      { iat: 1.5 },
      { exp: '9999999999' },
      { exp: Number.MAX_VALUE },
      { jti: undefined },
    ]) {
      expect(isAccepted(forged({ v: 1, kid: 2 }, payload(over)))).toBe(false);
    }
  });

  it('is refused unread when it is not the size or the shape of one', () => {
    const giant = `${'A'.repeat(20)}.${'A'.repeat(50_000_000)}.${'A'.repeat(43)}`;
    for (const text of [giant, '', '..', 'a.b.c', undefined, null, 7, {}, [aToken()], aToken().replace(/\./g, '_')]) {
      expect(parseToken(text)).toBeUndefined();
    }
  });

  it('tells the doors apart what is expired from what never was right', () => {
    const codeOf = (token: string, now: number): string | undefined => {
      try {
        assertHolds(parsed(token), KEYS, now);
        return undefined;
      } catch (error) {
        return error instanceof AppError ? error.code : String(error);
      }
    };
    expect(codeOf(aToken(), NOW)).toBeUndefined();
    expect(codeOf(aToken(), NOW + 2 * DAY)).toBe('TOKEN_EXPIRED');
    expect(codeOf(aToken({ iat: NOW + 3600 }), NOW)).toBe('TOKEN_NOT_YET_VALID');
    expect(codeOf(aToken({}, { kid: 2, key: randomBytes(32) }), NOW)).toBe('BAD_CREDENTIALS');
  });

  it('is accepted after no change of any kind', () => {
    const token = aToken();
    const at = fc.nat({ max: token.length - 1 });
    const character = fc.constantFrom(
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\u0000é',
    );
    const mutations = fc.oneof(
      fc.tuple(at, character).map(([i, c]) => token.slice(0, i) + c + token.slice(i + 1)),
      fc.tuple(at, character).map(([i, c]) => token.slice(0, i) + c + token.slice(i)),
      at.map((i) => token.slice(0, i) + token.slice(i + 1)),
      fc.tuple(at, at).map(([a, b]) => token.slice(0, Math.min(a, b)) + token.slice(Math.max(a, b))),
      fc.string().map((text) => token + text),
      fc.string().map((text) => text + token),
      fc.shuffledSubarray(token.split('.'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
      fc
        .record({ app: fc.string(), sub: fc.string(), ver: fc.nat(), exp: fc.nat() }, { requiredKeys: [] })
        .map((over) => {
          const [header, , signature] = token.split('.');
          return [header, Buffer.from(JSON.stringify(payload(over))).toString('base64url'), signature].join('.');
        }),
    );
    fc.assert(
      fc.property(mutations, (mutated) => mutated === token || !isAccepted(mutated)),
      { numRuns: 20_000 },
    );
  });
});
