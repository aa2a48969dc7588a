import { generateKeyPairSync } from 'node:crypto';
import { ApnsToken } from './apns-token';

const MINUTE_MS = 60_000;
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const signing = { key: key.toString(), keyId: 'KEY1234567', teamId: 'TEAM123456' };

afterEach(() => jest.useRealTimers());

it('one token serves all requests of the better part of an hour, and then another does', () => {
  jest.useFakeTimers({ now: 0 });
  const token = new ApnsToken(signing);
  const first = token.authorization;
  jest.setSystemTime(54 * MINUTE_MS);
  expect(token.authorization).toBe(first);
  jest.setSystemTime(55 * MINUTE_MS);
  const second = token.authorization;
  expect(second).not.toBe(first);
  jest.setSystemTime(56 * MINUTE_MS);
  expect(token.authorization).toBe(second);
});

it('a thousand requests that were refused with one token have one other made', () => {
  const token = new ApnsToken(signing);
  const refused = token.authorization;
  token.expired(refused);
  const next = token.authorization;
  token.expired(refused);
  expect([next === refused, token.authorization]).toEqual([false, next]);
});

it('a key that signs nothing is of no use from the start', () => {
  expect(() => new ApnsToken({ ...signing, key: 'no key' })).toThrow();
});
