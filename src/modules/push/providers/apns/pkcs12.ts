import forge from 'node-forge';
import { createPrivateKey } from 'node:crypto';
import { invalid } from '../../../../kernel/errors/app-error';

/** Real files ask for 2048 rounds, careful ones for 100,000 (a sixth of a second); a hostile one for as many as stop this process. */
const ROUNDS_MAX = 100_000;

class TooManyRounds extends Error {}

type Derive = (...args: unknown[]) => unknown;

/** forge derives keys with as many rounds as the file says, and as slowly; its own functions are bounded here, once. */
function bound(holder: object, name: string, roundsAt: number): void {
  const functions = holder as Record<string, Derive>;
  const derive = functions[name];
  if (!derive) throw new Error(`node-forge has no ${name} any more`);
  functions[name] = (...args) => {
    if (Number(args[roundsAt]) > ROUNDS_MAX) throw new TooManyRounds();
    return derive(...args);
  };
}
// (password, salt, rounds, …), and (password, salt, id, rounds, …) in both places that use it.
bound(forge.pkcs5, 'pbkdf2', 2);
bound((forge.pki as unknown as { pbe: object }).pbe, 'generatePkcs12Key', 3);
bound(forge.pkcs12, 'generateKey', 3);

const { pkcs8ShroudedKeyBag, keyBag, certBag } = forge.pki.oids as Record<string, string>;

/**
 * What a PKCS#12 file holds, as PEM. By node-forge, because OpenSSL 3 no longer reads what macOS exports (RC2, 3DES).
 *
 * @throws AppError INVALID_REQUEST naming `certificate` or `passphrase`
 */
export function openPkcs12(file: Buffer, passphrase: string | undefined): { certificates: string[]; keys: string[] } {
  const opened = unlocked(outerLayer(file), passphrase);
  const bags = opened.safeContents.flatMap(({ safeBags }) => safeBags);
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
    throw invalid('certificate', 'This is no .p12 file.');
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
  if (failure instanceof TooManyRounds) {
    throw invalid('certificate', `The .p12 asks for more than ${ROUNDS_MAX} rounds; export it again.`);
  }
  if (/password|mac|decrypt|pad/i.test(String(failure))) {
    throw invalid(
      'passphrase',
      passphrase === undefined ? 'The .p12 is locked by a passphrase.' : 'The passphrase does not open the .p12.',
    );
  }
  throw invalid('certificate', 'This is no .p12 file, or one that cannot be read.');
}

const pemOf = (certificate: forge.pki.Certificate): string => forge.pki.certificateToPem(certificate);

/** forge reads RSA keys; another sort is handed on as it is, and refused later by its name. */
function keyPem(key: forge.pki.PrivateKey | undefined, asn1: forge.asn1.Asn1 | undefined): string[] {
  if (key) return [forge.pki.privateKeyToPem(key)];
  if (!asn1) return [];
  const der = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
  return [
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString(),
  ];
}
