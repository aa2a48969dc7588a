import forge from 'node-forge';
import { pbkdf2Sync } from 'node:crypto';
import { invalid } from '../../../../kernel/errors/app-error';
import { NoRealFile, roundsAsked, ROUNDS_MAX } from '../key-rounds';

class TooManyRounds extends Error {}

type Derive = (...args: unknown[]) => unknown;
type Digest = { algorithm: string; digestLength: number } | null | undefined;

/** Rounds that are left for the file being read: one at a time is, without a break. Others who use forge are not charged. */
let roundsLeft = Infinity;

/** forge derives keys with as many rounds as the file says, and as slowly: what it is about to do is charged here first. */
function charge(holder: object, name: string, rounds: number, bytes: number, digest: number): void {
  const functions = holder as Record<string, Derive>;
  const derive = functions[name];
  if (!derive) throw new Error(`node-forge has no ${name} any more`);
  functions[name] = (...args) => {
    const blocks = Math.ceil(Number(args[bytes]) / ((args[digest] as Digest)?.digestLength ?? 20));
    roundsLeft -= Math.max(0, Number(args[rounds])) * blocks;
    if (!(roundsLeft >= 0)) throw new TooManyRounds();
    return derive(...args);
  };
}
// Node derives PBKDF2's keys thirty times as fast as forge, and from the passphrase in UTF-8 as OpenSSL and Java write it
// (PBES2); only PKCS#12's own derivation, for old ciphers and the seal, takes UTF-16.
(forge.pkcs5 as { pbkdf2: unknown }).pbkdf2 = (
  key: string,
  salt: string,
  rounds: number,
  size: number,
  digest: Digest,
) =>
  pbkdf2Sync(Buffer.from(key, 'utf8'), Buffer.from(salt, 'binary'), rounds, size, digest?.algorithm ?? 'sha1').toString(
    'binary',
  );
// (password, salt, rounds, bytes, digest), and (password, salt, id, rounds, bytes, digest) in both places that use it.
charge(forge.pkcs5, 'pbkdf2', 2, 3, 4);
charge((forge.pki as unknown as { pbe: object }).pbe, 'generatePkcs12Key', 3, 4, 5);
charge(forge.pkcs12, 'generateKey', 3, 4, 5);

const { pkcs8ShroudedKeyBag, keyBag, certBag } = forge.pki.oids as Record<string, string>;
/** A certificate, its key, and a chain. */
const BAGS_MAX = 20;

/**
 * What a PKCS#12 file holds, as PEM. By node-forge, because OpenSSL 3 no longer reads what macOS exports (RC2, 3DES).
 *
 * @throws AppError INVALID_REQUEST naming `certificate` or `passphrase`
 */
export function openPkcs12(file: Buffer, passphrase: string | undefined): { certificates: string[]; keys: string[] } {
  const outer = outerLayer(file);
  assertAffordable(outer);
  const opened = charged(() => unlocked(outer, passphrase));
  const bags = opened.safeContents.flatMap(({ safeBags }) => safeBags);
  if (bags.length > BAGS_MAX) throw invalid('certificate', `There are more than ${BAGS_MAX} things in this .p12.`);
  const keys = bags.filter(({ type }) => type === pkcs8ShroudedKeyBag || type === keyBag);
  return {
    certificates: bags.filter(({ type }) => type === certBag).flatMap(({ cert }) => (cert ? [pemOf(cert)] : [])),
    keys: keys.flatMap(({ key, asn1 }) => keyPem(key ?? undefined, asn1)),
  };
}

function outerLayer(file: Buffer): forge.asn1.Asn1 {
  try {
    return forge.asn1.fromDer(file.toString('binary'), false);
  } catch {
    throw noP12();
  }
}

/** What can be seen from outside decides before any of it is opened; what is inside is charged as it is found. */
function assertAffordable(outer: forge.asn1.Asn1): void {
  try {
    if (roundsAsked(outer) <= ROUNDS_MAX) return;
  } catch (error) {
    if (error instanceof NoRealFile) throw noP12();
    throw error;
  }
  throw tooManyRounds();
}

function charged<T>(read: () => T): T {
  roundsLeft = ROUNDS_MAX;
  try {
    return read();
  } finally {
    roundsLeft = Infinity;
  }
}

function unlocked(asn1: forge.asn1.Asn1, passphrase: string | undefined): forge.pkcs12.Pkcs12Pfx {
  // Without a passphrase some tools write none and others an empty one.
  const tries = passphrase === undefined || passphrase === '' ? [undefined, ''] : [passphrase];
  let failure: unknown;
  for (const attempt of tries) {
    try {
      return forge.pkcs12.pkcs12FromAsn1(asn1, false, attempt);
    } catch (error) {
      failure = error;
    }
  }
  if (failure instanceof TooManyRounds) throw tooManyRounds();
  if (/password|mac|decrypt|pad/i.test(String(failure))) {
    throw invalid(
      'passphrase',
      passphrase === undefined ? 'The .p12 is locked by a passphrase.' : 'The passphrase does not open the .p12.',
    );
  }
  throw noP12();
}

const noP12 = (): Error => invalid('certificate', 'This is no .p12 file, or one that cannot be read.');

const tooManyRounds = (): Error =>
  invalid(
    'certificate',
    `The .p12 needs more than ${ROUNDS_MAX} key-derivation iterations to open; export it again with fewer.`,
  );

const pemOf = (certificate: forge.pki.Certificate): string => forge.pki.certificateToPem(certificate);

/** forge reads RSA keys; another sort is handed on as it is, and refused later by its name. */
function keyPem(key: forge.pki.PrivateKey | undefined, asn1: forge.asn1.Asn1 | undefined): string[] {
  if (key) return [forge.pki.privateKeyToPem(key)];
  if (!asn1) return [];
  const der = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary').toString('base64');
  return [`-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`];
}
