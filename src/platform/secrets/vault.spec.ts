import 'reflect-metadata';
import { readSettings } from '../config/read-settings';
import { deriveKey, newSecret, sameSecret } from './keys';
import { SEAL_OVERHEAD_BYTES, Vault } from './vault';

const vaultWith = (encryptionKey: string) =>
  new Vault(
    readSettings({ MYSQL_URL: 'mysql://localhost/x', REDIS_URL: 'redis://localhost', ENCRYPTION_KEY: encryptionKey }),
  );
const key = Buffer.alloc(32, 7).toString('base64');
const vault = vaultWith(key);
const place = { table: 'apps', column: 'appTokenSealed', owner: 'app-one' };

describe('a sealed value', () => {
  it('opens in its own place, text and bytes alike', () => {
    expect(vault.open(vault.seal('tøken', place), place)).toBe('tøken');
    const bytes = Buffer.from([0, 255, 128]);
    expect(vault.openBytes(vault.seal(bytes, place), place)).toEqual(bytes);
  });

  it.each([
    ['table', { ...place, table: 'developers' }],
    ['column', { ...place, column: 'appTokenHash' }],
    ['owner', { ...place, owner: 'app-two' }],
    ['split between column and owner', { ...place, column: 'appTokenSealed","app', owner: '-one' }],
  ])('does not open in a place with another %s', (_, elsewhere) => {
    const sealed = vault.seal('token', place);
    expect(() => vault.open(sealed, elsewhere)).toThrow();
  });

  it('does not open once any of its bytes was changed, or cut off', () => {
    const sealed = vault.seal('token', place);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => vault.open(changed, place)).toThrow();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => vault.open(sealed.subarray(0, length), place)).toThrow();
    }
  });

  it('does not open under another key', () => {
    const sealed = vault.seal('token', place);
    expect(() => vaultWith(Buffer.alloc(32, 8).toString('base64')).open(sealed, place)).toThrow();
  });

  it('opens with the same key written in either base64 alphabet', () => {
    const bytes = Buffer.alloc(32, 0xfb);
    const sealed = vaultWith(bytes.toString('base64')).seal('token', place);
    expect(vaultWith(bytes.toString('base64url')).open(sealed, place)).toBe('token');
  });

  it('shows neither the text nor that two of them are equal, and names its key', () => {
    const one = vault.seal('token-token', place);
    const two = vault.seal('token-token', place);
    expect(one.equals(two)).toBe(false);
    expect(one.includes('token-token')).toBe(false);
    expect(one.length).toBe('token-token'.length + SEAL_OVERHEAD_BYTES);
    expect(one[0]).toBe(1);
  });
});

describe('a keyed hash', () => {
  it('matches its text only, and only under its key', () => {
    const secret = newSecret();
    const hash = vault.keyedHash(secret);
    expect(hash).toHaveLength(32);
    expect(vault.matches(secret, hash)).toBe(true);
    expect(vault.matches(`${secret} `, hash)).toBe(false);
    expect(vault.matches(secret, hash.subarray(1))).toBe(false);
    expect(vaultWith(Buffer.alloc(32, 8).toString('base64')).matches(secret, hash)).toBe(false);
  });
});

describe('keys', () => {
  it('differ per purpose and per secret, and are the same every time', () => {
    expect(deriveKey('s', 'a')).toEqual(deriveKey('s', 'a'));
    expect(deriveKey('s', 'a')).toHaveLength(32);
    expect(deriveKey('s', 'a')).not.toEqual(deriveKey('s', 'b'));
    expect(deriveKey('s', 'a')).not.toEqual(deriveKey('t', 'a'));
  });

  it('match RFC 5869 test case 3 (empty salt and info)', () => {
    expect(deriveKey(Buffer.alloc(22, 0x0b), '', 42).toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });

  it('are compared whole', () => {
    expect(sameSecret('abc', 'abc')).toBe(true);
    expect(sameSecret('abc', 'abcd')).toBe(false);
    expect(sameSecret('', 'a')).toBe(false);
  });
});
