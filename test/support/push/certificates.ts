import forge from 'node-forge';
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';

/** Object ids of Apple's push certificates. */
export const APPLE = {
  development: '1.2.840.113635.100.6.3.1',
  production: '1.2.840.113635.100.6.3.2',
  topics: '1.2.840.113635.100.6.3.6',
  uid: '0.9.2342.19200300.100.1.1',
};

const DAY_MS = 86_400_000;

export interface Pair {
  certificate: string;
  key: string;
}

interface Wanted {
  subject: forge.pki.CertificateField[];
  extensions?: object[];
  issuer?: Authority;
  validFrom?: Date;
  validTo?: Date;
  /** Another's key in the certificate, so that the two do not belong together. */
  publicKeyOf?: string;
}

interface Authority {
  certificate: forge.pki.Certificate;
  key: forge.pki.rsa.PrivateKey;
}

/** RSA by OpenSSL: forge's own takes seconds. */
const rsaKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

function made(key: string, { subject, extensions = [], issuer, ...wanted }: Wanted): forge.pki.Certificate {
  const own = forge.pki.privateKeyFromPem(key);
  const certified = wanted.publicKeyOf ? forge.pki.privateKeyFromPem(wanted.publicKeyOf) : own;
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(certified.n, certified.e);
  // Positive, and never with more zeros in front than DER allows.
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = wanted.validFrom ?? new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = wanted.validTo ?? new Date(Date.now() + 30 * DAY_MS);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer ? issuer.certificate.subject.attributes : subject);
  certificate.setExtensions(extensions);
  certificate.sign(issuer?.key ?? own, forge.md.sha256.create());
  return certificate;
}

/** What an APNs certificate says; all of it can be wrong on purpose. */
export interface AppleOptions {
  topic?: string;
  /** As newer certificates have it: `topic`, `topic.voip`, … */
  topics?: string[];
  environments?: ('development' | 'production')[];
  validFrom?: Date;
  validTo?: Date;
  /** The private key beside it is another's. */
  foreignKey?: boolean;
}

/** A certificate authority of a test's own, and what it signs. */
export class TestAuthority {
  private readonly own: Authority;
  /** To be trusted by whoever connects: PUSH_CA. */
  readonly pem: string;

  constructor() {
    const key = rsaKey();
    const certificate = made(key, {
      subject: [{ name: 'commonName', value: 'Parley test authority' }],
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    this.own = { certificate, key: forge.pki.privateKeyFromPem(key) };
    this.pem = forge.pki.certificateToPem(certificate);
  }

  /** For localhost and 127.0.0.1. */
  server(): Pair {
    return this.sign({
      subject: [{ name: 'commonName', value: 'localhost' }],
      extensions: [
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
          ],
        },
      ],
    });
  }

  /** As Apple signs them for an app. */
  apple(options: AppleOptions = {}): Pair {
    const { topic = 'com.example.app', environments = ['development', 'production'], topics } = options;
    const { asn1 } = forge;
    const nothing = asn1.toDer(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, '')).getBytes();
    const text = (value: string) => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.UTF8, false, value);
    const listed = topics?.flatMap((name) => [
      text(name),
      asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [text('app')]),
    ]);
    return this.sign(
      {
        subject: [
          { type: APPLE.uid, value: topic },
          { name: 'commonName', value: `Apple Push Services: ${topic}` },
        ],
        extensions: [
          { name: 'extKeyUsage', clientAuth: true },
          ...environments.map((name) => ({ id: APPLE[name], value: nothing })),
          ...(listed
            ? [{ id: APPLE.topics, value: asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, listed) }]
            : []),
        ],
        validFrom: options.validFrom,
        validTo: options.validTo,
      },
      options.foreignKey,
    );
  }

  /** Signed by this authority, with a key of its own; for what is no push certificate at all too. */
  sign(wanted: Omit<Wanted, 'issuer' | 'publicKeyOf'>, foreignKey = false): Pair {
    const key = rsaKey();
    const certificate = made(key, { ...wanted, issuer: this.own, ...(foreignKey && { publicKeyOf: rsaKey() }) });
    return { certificate: forge.pki.certificateToPem(certificate), key };
  }
}

/** A .p12 as Keychain exports it (3DES), or as OpenSSL 3 does (AES); base64. */
export function p12({ certificate, key }: Pair, passphrase: string, algorithm: '3des' | 'aes256' = '3des'): string {
  const packed = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    [forge.pki.certificateFromPem(certificate)],
    passphrase,
    { algorithm },
  );
  return Buffer.from(forge.asn1.toDer(packed).getBytes(), 'binary').toString('base64');
}

/** The key as PEM that only the passphrase opens. */
export const sealedKey = (key: string, passphrase: string): string =>
  createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();

/** What Apple's developer site hands out as AuthKey_….p8. */
export function p8(curve = 'prime256v1'): { key: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
