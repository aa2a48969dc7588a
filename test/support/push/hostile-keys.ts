import forge from 'node-forge';
import { randomBytes } from 'node:crypto';

const { asn1 } = forge;
const { SEQUENCE, OID, INTEGER, OCTETSTRING } = asn1.Type;
const oids = forge.pki.oids as Record<string, string>;

const of = (type: forge.asn1.Type, constructed: boolean, value: string | forge.asn1.Asn1[]) =>
  asn1.create(asn1.Class.UNIVERSAL, type, constructed, value);
const sequence = (...parts: forge.asn1.Asn1[]) => of(SEQUENCE, true, parts);
const octets = (value: string) => of(OCTETSTRING, false, value);
const integer = (value: number) => of(INTEGER, false, asn1.integerToDer(value).getBytes());
const oid = (id: string | undefined) => of(OID, false, asn1.oidToDer(id ?? '').getBytes());
const tagged = (part: forge.asn1.Asn1) => asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, [part]);
const derOf = (part: forge.asn1.Asn1): string => asn1.toDer(part).getBytes();

interface Bags {
  bags: number;
  rounds: number;
  /** The bags are locked once more all together, so that nothing of them is seen from outside. */
  hidden?: boolean;
}

/** A .p12 that the passphrase `opens it` opens, with as many locked keys, each as slow to open; base64. */
export function lockedBags({ bags, rounds, hidden = false }: Bags): string {
  const password = 'opens it';
  const kinds = [oids.data, oids.encryptedData];
  const algorithm = (salt: string, count: number) =>
    sequence(oid(oids['pbeWithSHAAnd3-KeyTripleDES-CBC']), sequence(octets(salt), integer(count)));
  // What is in them nobody gets to see.
  const key = sequence(algorithm(randomBytes(8).toString('binary'), rounds), octets('12345678'));
  const contents = derOf(
    sequence(...Array.from({ length: bags }, () => sequence(oid(oids.pkcs8ShroudedKeyBag), tagged(key)))),
  );
  const seen = () => octets(contents);
  const locked = (): forge.asn1.Asn1 => {
    const salt = randomBytes(8).toString('binary');
    const derived = (id: number, size: number) =>
      forge.pkcs12.generateKey(password, forge.util.createBuffer(salt), id, 1, size);
    const cipher = forge.cipher.createCipher('3DES-CBC', derived(1, 24));
    cipher.start({ iv: derived(2, 8) });
    cipher.update(forge.util.createBuffer(contents));
    cipher.finish();
    const encrypted = asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, false, cipher.output.getBytes());
    return sequence(integer(0), sequence(oid(oids.data), algorithm(salt, 1), encrypted));
  };
  const safe = derOf(sequence(sequence(oid(kinds[hidden ? 1 : 0]), tagged(hidden ? locked() : seen()))));
  const salt = randomBytes(8).toString('binary');
  const mac = forge.hmac.create();
  mac.start('sha1', forge.pkcs12.generateKey(password, forge.util.createBuffer(salt), '3' as never, 1, 20));
  mac.update(safe);
  const digest = sequence(sequence(oid(oids.sha1), of(asn1.Type.NULL, false, '')), octets(mac.getMac().getBytes()));
  const file = sequence(
    integer(3),
    sequence(oid(oids.data), tagged(octets(safe))),
    sequence(digest, octets(salt), integer(1)),
  );
  return Buffer.from(derOf(file), 'binary').toString('base64');
}

const pem = (label: string, der: string): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der, 'binary').toString('base64')}\n-----END ${label}-----\n`;

/** EncryptedPrivateKeyInfo whose key comes from a passphrase in this way; nothing is in it. */
export function lockedKey(algorithm: string, values: readonly (Buffer | number)[]): string {
  const parameters = sequence(
    ...values.map((value) => (typeof value === 'number' ? integer(value) : octets(value.toString('binary')))),
  );
  const derivation = sequence(oid(algorithm), parameters);
  const scheme = algorithm.startsWith('1.2.840.113549.1.12')
    ? derivation
    : sequence(
        oid(oids.pkcs5PBES2),
        sequence(derivation, sequence(oid(oids['aes256-CBC']), octets(randomBytes(16).toString('binary')))),
      );
  return pem('ENCRYPTED PRIVATE KEY', derOf(sequence(scheme, octets(randomBytes(64).toString('binary')))));
}

/** An RSA key of that size, of numbers that are nothing special: making a real one takes minutes. */
export function giantKey(bits: number): string {
  const number = (size: number) => {
    const bytes = randomBytes(size / 8);
    bytes[0] = 0x7f;
    bytes[bytes.length - 1] |= 1;
    return of(INTEGER, false, Buffer.concat([Buffer.from([1]), bytes]).toString('binary'));
  };
  const [n, d, p, q, dp, dq, qi] = [bits, bits, ...Array<number>(5).fill(bits / 2)].map(number);
  const parts = [integer(0), n, integer(65_537), d, p, q, dp, dq, qi].filter((part) => part !== undefined);
  return pem('RSA PRIVATE KEY', derOf(sequence(...parts)));
}

/** A sequence of what is in the bytes already. */
export const derSequence = (inner: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x30, 0x82, inner.length >> 8, inner.length & 0xff]), inner]);
