import forge from 'node-forge';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { roundsAsked, ROUNDS_MAX } from './key-rounds';

/** Longer than an RSA key of 8192 bits in its longest form. */
const PEM_LENGTH_MAX = 8192;
/** A larger one takes a tenth of a second and more for every signature. */
const RSA_BITS_MAX = 8192;

const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END/;

/** Why a private key is not used, though it may be one. */
export const PROBLEMS = {
  'too-long': `The private key is longer than ${PEM_LENGTH_MAX} characters.`,
  'too-large': `The private key has more than ${RSA_BITS_MAX} bits.`,
  'too-many-rounds': `The private key needs more than ${ROUNDS_MAX} key-derivation iterations to open; export it again with fewer.`,
  damaged: 'The private key is damaged or incomplete; export it again.',
} as const;

/**
 * A private key in PEM. OpenSSL reads it and cannot be interrupted, so what it would be busy with is looked at before.
 *
 * @returns what is wrong where it is not used; `unreadable` also where the passphrase does not open it
 */
export function readPrivateKey(pem: string, passphrase?: string): KeyObject | keyof typeof PROBLEMS | 'unreadable' {
  if (pem.length > PEM_LENGTH_MAX) return 'too-long';
  const rounds = roundsOf(pem);
  if (rounds === undefined) return 'damaged';
  if (rounds > ROUNDS_MAX) return 'too-many-rounds';
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    return 'unreadable';
  }
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) > RSA_BITS_MAX ? 'too-large' : key;
}

/** Undefined for a locked key that cannot be taken apart here: it is not handed to OpenSSL either. */
function roundsOf(pem: string): number | undefined {
  const base64 = LOCKED.exec(pem)?.[1];
  if (base64 === undefined) return 0;
  try {
    return roundsAsked(forge.asn1.fromDer(Buffer.from(base64, 'base64').toString('binary'), false));
  } catch {
    return undefined;
  }
}
