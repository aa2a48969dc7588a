import forge from 'node-forge';

/**
 * Rounds of key derivation for a whole file, summed over everything in it that is locked, times the blocks that each
 * derives. Real files need some 12,000; one that was made with 100,000 for each of its parts needs 600,000, and 100,000 more
 * where it has no passphrase. It takes some 1.5 seconds.
 */
export const ROUNDS_MAX = 800_000;
/** Real files nest a dozen levels and have a few hundred parts. */
const DEPTH_MAX = 40;
const PARTS_MAX = 10_000;

/** PKCS#12's own derivation makes key and vector apart: three blocks of SHA-1 for triple DES. */
const PKCS12_BLOCKS = 3;
const PKCS12_PBE = '1.2.840.113549.1.12.1.';
const PBKDF2 = '1.2.840.113549.1.5.12';
const PBES1 = /^1\.2\.840\.113549\.1\.5\.(1|3|4|6|10|11)$/;
const SCRYPT = '1.3.6.1.4.1.11591.4.11';

const { Class, Type } = forge.asn1;

/** A file that is too deep, or in too many parts, to be real. */
export class NoRealFile extends Error {}

/**
 * What opening this costs, as far as it can be seen from outside: the rounds of every locked part and of the seal over
 * all, before any of the work.
 *
 * @throws NoRealFile
 */
export function roundsAsked(file: forge.asn1.Asn1): number {
  let rounds = 0;
  let parts = 0;
  const todo = [{ part: file, depth: 0 }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { part, depth } = next;
    if (++parts > PARTS_MAX || depth > DEPTH_MAX) throw new NoRealFile();
    const inner = innerOf(part);
    rounds += roundsOf(inner);
    for (const each of inner) todo.push({ part: each, depth: depth + 1 });
  }
  return rounds;
}

/** The parts of a part; those of an octet string are what it carries, where that is a sequence. */
function innerOf({ value, tagClass, type }: forge.asn1.Asn1): forge.asn1.Asn1[] {
  if (Array.isArray(value)) return value;
  if (tagClass !== Class.UNIVERSAL || type !== Type.OCTETSTRING || !value.startsWith('\x30')) return [];
  try {
    return [forge.asn1.fromDer(value, false)];
  } catch {
    return [];
  }
}

/** `{ algorithm, { salt, rounds … } }`, or the seal `{ digest, salt, rounds }`; anything else asks for none. */
function roundsOf([first, second, third]: forge.asn1.Asn1[]): number {
  if (first?.type === Type.OID && typeof first.value === 'string' && Array.isArray(second?.value)) {
    const algorithm = forge.asn1.derToOid(first.value);
    const [, count, size, parallel] = second.value;
    if (algorithm.startsWith(PKCS12_PBE)) return numberIn(count) * PKCS12_BLOCKS;
    if (algorithm === PBKDF2 || PBES1.test(algorithm)) return numberIn(count);
    // One of scrypt's steps is as long as a round: N × r × p of them, twice.
    if (algorithm === SCRYPT) return 2 * numberIn(count) * numberIn(size) * numberIn(parallel);
  }
  const isSeal = Array.isArray(first?.value) && second?.type === Type.OCTETSTRING && third?.type === Type.INTEGER;
  return isSeal ? numberIn(third) : 0;
}

/** Of any length; what is no number counts as one too large. */
function numberIn(part: forge.asn1.Asn1 | undefined): number {
  if (part?.type !== Type.INTEGER || typeof part.value !== 'string') return Infinity;
  return Number(`0x${Buffer.from(part.value, 'binary').toString('hex') || '0'}`);
}
