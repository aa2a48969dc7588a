import 'reflect-metadata';
import { scryptSync } from 'node:crypto';
import { readSettings } from '../config/read-settings';
import { newSecret } from './keys';
import { Passwords } from './passwords';
import { Vault } from './vault';

const passwords = new Passwords(
  new Vault(
    readSettings({
      MYSQL_URL: 'mysql://localhost/x',
      REDIS_URL: 'redis://localhost',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    }),
  ),
);

const owner = { group: 'app:1', owner: 'app:1|10.0.0.1' };

describe('a chosen password', () => {
  it('is kept with scrypt, its cost and a salt of its own, and is proved by itself only', async () => {
    const [one, two] = await Promise.all([
      passwords.hashChosen('hunter2', owner),
      passwords.hashChosen('hunter2', owner),
    ]);
    expect(one).toMatch(/^scrypt\$15,8,3\$/);
    expect(one).not.toBe(two);
    expect(one.length).toBeLessThanOrEqual(255);
    expect(await passwords.verify('hunter2', one, owner)).toEqual({ ok: true, rehash: false });
    expect(await passwords.verify('hunter3', one, owner)).toEqual({ ok: false, rehash: false });
  });

  it('is the same in both Unicode forms', async () => {
    const stored = await passwords.hashChosen('caf\u00e9 password', owner);
    expect((await passwords.verify('cafe\u0301 password', stored, owner)).ok).toBe(true);
  });

  it('asks to be hashed again when it is right and was hashed at another cost', async () => {
    const salt = Buffer.alloc(16, 1);
    const hash = scryptSync('hunter2', salt, 32, { N: 2 ** 10, r: 8, p: 1 });
    const old = `scrypt$10,8,1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    expect(await passwords.verify('hunter2', old, owner)).toEqual({ ok: true, rehash: true });
    expect(await passwords.verify('hunter3', old, owner)).toEqual({ ok: false, rehash: false });
  });
});

describe('a generated password', () => {
  it('is kept as a keyed hash and is proved by itself only', () => {
    const password = newSecret();
    const stored = passwords.hashGenerated(password);
    expect(stored).toMatch(/^keyed\$/);
    expect(stored).not.toContain(password);
    expect(passwords.isGenerated(password, stored)).toBe(true);
    expect(passwords.isGenerated(newSecret(), stored)).toBe(false);
  });
});

describe('an unknown account', () => {
  it.each([undefined, null, '', 'keyed$', 'unheard-of$abc'])('proves nothing with %j stored', async (stored) => {
    expect(await passwords.verify('', stored, owner)).toEqual({ ok: false, rehash: false });
    expect(passwords.isGenerated('', stored)).toBe(false);
  });

  it('waits in the same line as a known one, and is turned away with BUSY where that would be', async () => {
    const salt = Buffer.alloc(16, 1);
    const cheap = `scrypt$10,8,1$${salt.toString('base64url')}$${scryptSync('hunter2', salt, 32, { N: 2 ** 10, r: 8, p: 1 }).toString('base64url')}`;
    const line = Array.from({ length: 11 }, () => passwords.verify('guess', cheap, owner));
    await expect(passwords.verify('guess', cheap, owner)).rejects.toMatchObject({ code: 'BUSY' });
    await expect(passwords.verify('guess', undefined, owner)).rejects.toMatchObject({ code: 'BUSY' });
    await Promise.all(line);
    expect(await passwords.verify('hunter2', cheap, owner)).toEqual({ ok: true, rehash: true });
  });
});
