import forge from 'node-forge';
import { X509Certificate, type KeyObject } from 'node:crypto';
import { invalid } from '../../../../kernel/errors/app-error';
import { PROBLEMS, readPrivateKey } from '../private-key';
import type { ApnsEnvironment } from './apns-environments';
import { openPkcs12 } from './pkcs12';

/** A push certificate with its key, both as PEM, and what it says about itself. */
export interface AppleCertificate {
  certificate: string;
  key: string;
  /** Bundle ids that it may send to, the app's own first. */
  topics: string[];
  environments: ApnsEnvironment[];
  validFrom: Date;
  validTo: Date;
}

/** Apple's object ids (Certification Practice Statement, WWDR). */
const ENVIRONMENT_OIDS = {
  development: '1.2.840.113635.100.6.3.1',
  production: '1.2.840.113635.100.6.3.2',
} as const;
const TOPICS_OID = '1.2.840.113635.100.6.3.6';
const USER_ID_OID = '0.9.2342.19200300.100.1.1';
/** Older ones say it here alone: `Apple Push Services: com.example.app`. */
const NAMED_TOPIC = /^Apple .*: *([A-Za-z0-9.-]+)$/;

const BLOCKS = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * A .p12 in base64, or PEM with the certificate and its key.
 *
 * @throws AppError INVALID_REQUEST naming `certificate` or `passphrase`
 */
export function readAppleCertificate(given: string, passphrase: string | undefined): AppleCertificate {
  const { certificate, key } = given.includes('-----BEGIN') ? fromPem(given, passphrase) : fromP12(given, passphrase);
  const x509 = parsed(certificate);
  if (!x509.checkPrivateKey(key)) {
    throw invalid('certificate', 'The private key does not belong to the certificate.');
  }
  return {
    certificate,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    validFrom: new Date(x509.validFrom),
    validTo: new Date(x509.validTo),
    ...whatItIsFor(certificate),
  };
}

interface Pair {
  certificate: string;
  key: KeyObject;
}

function fromPem(pem: string, passphrase: string | undefined): Pair {
  const blocks = [...pem.matchAll(BLOCKS)].map(([text, label]) => ({ text, label: label ?? '' }));
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ text }) => text);
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY')).map(({ text }) => text);
  const [certificate] = certificates;
  const [key] = keys;
  if (certificate === undefined) throw invalid('certificate', 'There is no certificate in this PEM text.');
  if (key === undefined) {
    throw invalid('certificate', 'The private key is missing: the PEM text must hold it beside the certificate.');
  }
  if (keys.length > 1) throw invalid('certificate', 'There is more than one private key in this PEM text.');
  return { certificate, key: privateKey(key, passphrase) };
}

function privateKey(pem: string, passphrase: string | undefined): KeyObject {
  const sealed = pem.includes('ENCRYPTED');
  if (sealed && passphrase === undefined) throw invalid('passphrase', 'The private key is locked by a passphrase.');
  const key = readPrivateKey(pem, sealed ? passphrase : undefined);
  if (typeof key !== 'string') return key;
  if (key !== 'unreadable') throw invalid('certificate', PROBLEMS[key]);
  if (sealed) throw invalid('passphrase', 'The passphrase does not open the private key.');
  throw invalid('certificate', 'The private key cannot be read.');
}

function fromP12(text: string, passphrase: string | undefined): Pair {
  const base64 = text.replace(/\s+/g, '');
  if (!BASE64.test(base64)) throw invalid('certificate', 'This is neither PEM nor a .p12 in base64.');
  const { certificates, keys } = openPkcs12(Buffer.from(base64, 'base64'), passphrase);
  const [key] = keys;
  if (key === undefined) {
    throw invalid('certificate', 'The private key is missing: export the certificate together with its key.');
  }
  if (keys.length > 1) throw invalid('certificate', 'There is more than one private key in this .p12.');
  const own = privateKey(key, undefined);
  // Chains may be in there too: what counts is the certificate of the key.
  const certificate = certificates.find((pem) => parsed(pem).checkPrivateKey(own)) ?? certificates[0];
  if (certificate === undefined) throw invalid('certificate', 'There is no certificate in this .p12.');
  return { certificate, key: own };
}

function parsed(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid('certificate', 'The certificate cannot be read.');
  }
}

function whatItIsFor(pem: string): Pick<AppleCertificate, 'topics' | 'environments'> {
  let certificate: forge.pki.Certificate;
  try {
    certificate = forge.pki.certificateFromPem(pem);
  } catch {
    throw invalid('certificate', "Apple's push certificates have RSA keys; this one has none, or cannot be read.");
  }
  const has = (id: string): boolean => extension(certificate, id) !== undefined;
  const said = (field: (attribute: forge.pki.CertificateField) => boolean): string[] =>
    certificate.subject.attributes.filter(field).map(({ value }) => String(value));
  const ids = said(({ type }) => type === USER_ID_OID);
  const named = said(({ name }) => name === 'commonName').flatMap((name) => NAMED_TOPIC.exec(name)?.[1] ?? []);
  return {
    topics: [...new Set([...ids, ...listedTopics(certificate), ...named])],
    environments: (['production', 'development'] as const).filter((name) => has(ENVIRONMENT_OIDS[name])),
  };
}

const extension = (certificate: forge.pki.Certificate, id: string): { value?: string } | undefined =>
  certificate.extensions.find((candidate: { id?: string }) => candidate.id === id) as { value?: string } | undefined;

/** SEQUENCE { topic UTF8String, SEQUENCE { kind UTF8String } } … */
function listedTopics(certificate: forge.pki.Certificate): string[] {
  const { value } = extension(certificate, TOPICS_OID) ?? {};
  if (value === undefined) return [];
  try {
    const parts = forge.asn1.fromDer(value).value;
    return Array.isArray(parts)
      ? parts.flatMap(({ type, value: text }) =>
          type === forge.asn1.Type.UTF8 && typeof text === 'string' ? [text] : [],
        )
      : [];
  } catch {
    throw invalid('certificate', 'The list of topics in the certificate cannot be read.');
  }
}
