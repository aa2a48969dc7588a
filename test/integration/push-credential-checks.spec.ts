import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { AppError } from '../../src/kernel/errors/app-error';
import { inspectApns } from '../../src/modules/push/providers/apns/apns-credential';
import type { ApnsCredentialDto } from '../../src/modules/push/providers/apns/apns-credential.dto';
import { readServiceAccount } from '../../src/modules/push/providers/fcm/service-account';
import { p12, p8, sealedKey, TestAuthority, type Pair } from '../support/push/certificates';
import { derSequence, giantKey, lockedBags, lockedKey } from '../support/push/hostile-keys';

const TOPIC = 'com.example.app';
const DAY_MS = 86_400_000;

/** The field and the sentence of a refusal; undefined where nothing is refused. */
function refusalOf(work: () => unknown): { field?: string; says: string } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { field: error.extras.field, says: error.message };
  }
}

describe('a .p8 that is uploaded', () => {
  const { key } = p8();
  const upload: ApnsCredentialDto = {
    kind: 'token',
    key,
    keyId: 'ABCDE12345',
    teamId: 'TEAM123456',
    topic: TOPIC,
    environment: 'production',
  };

  it('shows everything but the key', () => {
    const { content, found } = inspectApns(upload);
    const { key: _, ...shown } = upload;
    expect(found).toEqual(shown);
    expect(content).toEqual(upload);
  });

  it.each<[string, Partial<ApnsCredentialDto>, RegExp]>([
    ['key', { key: undefined }, /missing/],
    ['key', { key: 'no PEM' }, /no private key in PEM/],
    ['key', { key: p8('secp384r1').key }, /P-256; this one is secp384r1/],
    ['key', { key: new TestAuthority().server().key }, /P-256; this one is rsa/],
    ['key', { key: p8().publicKey }, /no private key in PEM/],
    ['keyId', { keyId: undefined }, /missing/],
    ['keyId', { keyId: 'short' }, /ten characters/],
    ['keyId', { keyId: 'abcde12345' }, /ten characters/],
    ['teamId', { teamId: '' }, /missing/],
    ['teamId', { teamId: 'TEAM-12345' }, /ten characters/],
    ['topic', { topic: undefined }, /missing/],
    ['topic', { topic: 'com example' }, /no bundle id/],
    ['environment', { environment: undefined }, /which environment/],
    ['certificate', { certificate: 'x' }, /belongs to kind certificate/],
    ['passphrase', { passphrase: 'x' }, /belongs to kind certificate/],
  ])('is refused naming %s (%#)', (field, change, says) => {
    const refusal = refusalOf(() => inspectApns({ ...upload, ...change }));
    expect(refusal).toEqual({ field, says: expect.stringMatching(says) });
  });
});

describe('a certificate that is uploaded', () => {
  const authority = new TestAuthority();
  const pair = authority.apple({ topic: TOPIC, topics: [TOPIC, `${TOPIC}.voip`] });
  const pem = ({ certificate, key }: Pair): string => `${certificate}\n${key}`;
  const upload = (certificate: string, more: Partial<ApnsCredentialDto> = {}): ApnsCredentialDto => ({
    kind: 'certificate',
    certificate,
    topic: TOPIC,
    environment: 'production',
    ...more,
  });
  const secret = { passphrase: 'opens it' };
  const tooManyRounds = {
    field: 'certificate',
    says: expect.stringMatching(/more than \d+ key-derivation iterations/),
  };

  it.each([
    ['a .p12 as Keychain exports it', upload(p12(pair, 'opens it', '3des'), secret)],
    ['a .p12 as OpenSSL 3 exports it', upload(p12(pair, 'opens it', 'aes256'), secret)],
    ['a .p12 without a passphrase', upload(p12(pair, ''))],
    ['PEM', upload(pem(pair))],
    ['PEM with a locked key', upload(`${pair.certificate}\n${sealedKey(pair.key, 'opens it')}`, secret)],
    ['another of its topics', upload(pem(pair), { topic: `${TOPIC}.voip` })],
  ])('is read: %s', (_, given) => {
    const { content, found, expiresAt } = inspectApns(given);
    expect(found).toEqual({ kind: 'certificate', topic: given.topic, environment: 'production' });
    expect(content).toMatchObject({ certificate: expect.stringContaining('CERTIFICATE') });
    expect((content as { key: string }).key).toContain('-----BEGIN PRIVATE KEY-----');
    expect(Math.abs(Number(expiresAt) - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
  });

  it('says itself what it is for, where the upload does not', () => {
    const only = authority.apple({ topic: TOPIC, environments: ['development'] });
    expect(inspectApns({ kind: 'certificate', certificate: pem(only) }).found).toMatchObject({
      topic: TOPIC,
      environment: 'development',
    });
  });

  it.each<[string, ApnsCredentialDto, RegExp]>([
    ['certificate', upload(''), /missing/],
    ['certificate', upload('not base64!'), /neither PEM nor a \.p12/],
    ['certificate', upload(Buffer.from('something else').toString('base64')), /no \.p12/],
    ['certificate', upload(pair.key), /no certificate in this PEM/],
    ['certificate', upload(pair.certificate), /private key is missing/],
    ['certificate', upload(`${pem(pair)}\n${authority.server().key}`), /more than one private key/],
    ['certificate', upload(pem(authority.apple({ foreignKey: true }))), /does not belong/],
    ['certificate', upload(pem(authority.apple({ validTo: new Date(Date.now() - 1000) }))), /expired at 20/],
    ['certificate', upload(pem(authority.apple({ validFrom: new Date(Date.now() + DAY_MS) }))), /valid from/],
    ['certificate', upload(pem(authority.apple({ environments: [] }))), /neither of the environments/],
    ['certificate', upload(pem(authority.server())), /names no bundle id/],
    ['passphrase', upload(p12(pair, 'opens it')), /locked by a passphrase/],
    ['passphrase', upload(p12(pair, 'opens it'), { passphrase: 'does not' }), /does not open the \.p12/],
    ['passphrase', upload(p12(pair, 'opens it', 'aes256'), { passphrase: 'does not' }), /does not open/],
    ['passphrase', upload(`${pair.certificate}\n${sealedKey(pair.key, 'x')}`), /locked by a passphrase/],
    ['passphrase', upload(`${pair.certificate}\n${sealedKey(pair.key, 'x')}`, secret), /does not open the private/],
    ['topic', upload(pem(pair), { topic: 'com.other' }), /is for com\.example\.app, com\.example\.app\.voip, not/],
    ['environment', upload(pem(authority.apple({ environments: ['development'] }))), /development only/],
    ['environment', upload(pem(pair), { environment: undefined }), /both; say which/],
    ['key', upload(pem(pair), { key: 'x' }), /belongs to kind token/],
  ])('is refused naming %s (%#)', (field, given, says) => {
    expect(refusalOf(() => inspectApns(given))).toEqual({ field, says: expect.stringMatching(says) });
  });

  it('cannot keep the server busy by asking for two billion rounds', () => {
    const { asn1, util } = forge;
    const packed = asn1.fromDer(Buffer.from(p12(pair, 'opens it'), 'base64').toString('binary'));
    // PFX ::= SEQUENCE { version, authSafe, MacData { mac, salt, iterations } }
    const rounds = ((packed.value[2] as forge.asn1.Asn1).value as forge.asn1.Asn1[])[2];
    if (!rounds) throw new Error('the .p12 has no MacData');
    rounds.value = asn1.integerToDer(2_000_000_000).getBytes();
    const hostile = util.encode64(asn1.toDer(packed).getBytes());
    expect(refusalOf(() => inspectApns(upload(hostile, secret)))).toEqual(tooManyRounds);
  });

  it.each([10, 300])('cannot keep the server busy with %i bags of 100,000 rounds each: none is opened', (bags) => {
    const before = performance.now();
    expect(refusalOf(() => inspectApns(upload(lockedBags({ bags, rounds: 100_000 }), secret)))).toEqual(tooManyRounds);
    // One bag alone takes half a second.
    expect(performance.now() - before).toBeLessThan(400);
  });

  it('cannot hide what it asks for: what is inside is charged before it is opened', () => {
    const before = performance.now();
    const hostile = lockedBags({ bags: 100, rounds: 500_000, hidden: true });
    expect(refusalOf(() => inspectApns(upload(hostile, secret)))).toEqual(tooManyRounds);
    expect(performance.now() - before).toBeLessThan(400);
  });

  it('is refused, quickly, when it is nested or cut into parts without end', () => {
    const { asn1 } = forge;
    let nested = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, []);
    for (let depth = 0; depth < 3000; depth++) {
      nested = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [nested]);
    }
    const files = [Buffer.from(asn1.toDer(nested).getBytes(), 'binary'), derSequence(Buffer.alloc(34_000, '\x05\x00'))];
    const before = performance.now();
    for (const file of files) {
      const refusal = refusalOf(() => inspectApns(upload(file.toString('base64'), secret)));
      expect(refusal).toEqual({ field: 'certificate', says: expect.stringMatching(/no \.p12/) });
    }
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it.each([
    ['by PBKDF2', '1.2.840.113549.1.5.12', [Buffer.alloc(8), 2_000_000_000]],
    ['by scrypt', '1.3.6.1.4.1.11591.4.11', [Buffer.alloc(8), 2 ** 20, 8, 16]],
    ["by PKCS#12's own way", '1.2.840.113549.1.12.1.3', [Buffer.alloc(8), 2_000_000_000]],
  ])('in PEM cannot lock its key %s so that opening it takes minutes', (_, algorithm, values) => {
    const before = performance.now();
    const given = `${pair.certificate}\n${lockedKey(algorithm, values)}`;
    expect(refusalOf(() => inspectApns(upload(given, secret)))).toEqual({
      field: 'certificate',
      says: expect.stringMatching(/more than \d+ key-derivation iterations/),
    });
    expect(performance.now() - before).toBeLessThan(400);
  });

  it.each([
    ['too many bits', () => giantKey(16_384), /longer than|more than 8192 bits/],
    ['more bits than are signed with in time', () => giantKey(9000), /more than 8192 bits/],
    [
      'a locked part that is cut off',
      () => sealedKey(pair.key, 'x').replace(/\n[^-]{200}/, '\n'),
      /damaged or incomplete/,
    ],
    ['a key of another sort', () => pair.key.replace(/RSA PRIVATE KEY/g, 'DSA PRIVATE KEY'), /cannot be read/],
  ])('in PEM cannot bring a key with %s', (_, key, says) => {
    expect(refusalOf(() => inspectApns(upload(`${pair.certificate}\n${key()}`, secret)))).toEqual({
      field: 'certificate',
      says: expect.stringMatching(says),
    });
  });

  it('in base64 may be broken into lines, and cannot keep the server busy with blanks', () => {
    const lines = p12(pair, 'opens it').replace(/.{64}/g, '$&\r\n');
    expect(inspectApns(upload(lines, secret)).found).toMatchObject({ topic: TOPIC });
    const before = performance.now();
    expect(refusalOf(() => inspectApns(upload(`A${' '.repeat(49_000)}!`)))).toMatchObject({ field: 'certificate' });
    expect(performance.now() - before).toBeLessThan(400);
  });
});

describe('a .p12 made by openssl', () => {
  const authority = new TestAuthority();
  const pair = authority.apple({ topic: TOPIC });
  const dir = mkdtempSync(join(tmpdir(), 'parley-p12-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const file = (name: string): string => join(dir, name);
  beforeAll(() => {
    writeFileSync(file('key.pem'), pair.key);
    writeFileSync(file('cert.pem'), pair.certificate);
    writeFileSync(file('ca.pem'), authority.pem);
  });

  const made = (passphrase: string, ...more: string[]): ApnsCredentialDto => {
    const from = ['-inkey', file('key.pem'), '-in', file('cert.pem')];
    execFileSync('openssl', [
      'pkcs12',
      '-export',
      ...from,
      ...more,
      '-passout',
      `pass:${passphrase}`,
      '-out',
      file('p12'),
    ]);
    const certificate = readFileSync(file('p12')).toString('base64');
    return { kind: 'certificate', certificate, passphrase, topic: TOPIC, environment: 'production' };
  };

  it('is read, also with the chain beside it', () => {
    expect(inspectApns(made('opens it', '-certfile', file('ca.pem'))).found).toMatchObject({ topic: TOPIC });
  });

  const AES = ['-keypbe', 'AES-256-CBC', '-certpbe', 'AES-256-CBC'];
  const TRIPLE_DES = ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES'];
  it.each(['é', '…', 'grüße123', '密码', '😀x'])(
    'is opened by the passphrase %s, whatever encrypts it',
    (passphrase) => {
      for (const encryption of [AES, TRIPLE_DES]) {
        const upload = made(passphrase, ...encryption);
        expect(inspectApns(upload).found).toMatchObject({ topic: TOPIC });
        expect(refusalOf(() => inspectApns({ ...upload, passphrase: `${passphrase}ÿ` }))).toMatchObject({
          field: 'passphrase',
        });
      }
    },
  );
});

describe('a service account that is uploaded', () => {
  const rules = { production: true };
  const account = {
    type: 'service_account',
    project_id: 'parley-test',
    private_key_id: 'k1',
    private_key: new TestAuthority().server().key,
    client_email: 'pusher@parley-test.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
    universe_domain: 'googleapis.com',
  };

  it("is read as Google writes it; without a token_uri, Google's is meant", () => {
    expect(readServiceAccount(account, rules)).toMatchObject({ projectId: 'parley-test', privateKeyId: 'k1' });
    const { token_uri: _, ...without } = account;
    expect(readServiceAccount(without, rules).tokenUri).toBe('https://oauth2.googleapis.com/token');
  });

  it.each<[string, object, RegExp]>([
    ['type', { type: 'authorized_user' }, /another sort/],
    ['project_id', { project_id: undefined }, /missing/],
    ['project_id', { project_id: '../other' }, /no project id/],
    ['client_email', { client_email: 5 }, /missing/],
    ['client_email', { client_email: 'nobody' }, /no e-mail/],
    ['private_key', { private_key: 'x' }, /no private key in PEM/],
    ['private_key', { private_key: p8().key }, /RSA/],
    ['token_uri', { token_uri: 'http://169.254.169.254/token' }, /https/],
    ['token_uri', { token_uri: 'https://localhost:8080/token' }, /usual port/],
    ['private_key_id', { private_key_id: ['x'] }, /missing/],
  ])('is refused naming serviceAccount.%s (%#)', (name, change, says) => {
    const refusal = refusalOf(() => readServiceAccount({ ...account, ...change }, rules));
    expect(refusal).toEqual({ field: `serviceAccount.${name}`, says: expect.stringMatching(says) });
  });
});
