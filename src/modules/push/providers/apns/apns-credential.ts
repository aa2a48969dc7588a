import { invalid } from '../../../../kernel/errors/app-error';
import { PROBLEMS, readPrivateKey } from '../private-key';
import type { Inspected } from '../vendor';
import { readAppleCertificate, type AppleCertificate } from './apple-certificate';
import type { ApnsCredentialDto } from './apns-credential.dto';
import { ENVIRONMENTS, type ApnsEnvironment } from './apns-environments';

/** As it is sealed. */
export type ApnsContent = { topic: string; environment: ApnsEnvironment } & (
  | { kind: 'token'; key: string; keyId: string; teamId: string }
  | { kind: 'certificate'; certificate: string; key: string }
);

/** Apple's ids of keys and of teams. */
const TEN_CHARACTERS = /^[A-Z0-9]{10}$/;
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/;

const OF_KIND = {
  token: ['key', 'keyId', 'teamId'],
  certificate: ['certificate', 'passphrase'],
} as const;

/** @throws AppError INVALID_REQUEST naming the field that is wrong, and why */
export function inspectApns(upload: ApnsCredentialDto): Inspected {
  const other = upload.kind === 'token' ? 'certificate' : 'token';
  const stray = OF_KIND[other].find((name) => upload[name] !== undefined);
  if (stray) throw invalid(stray, `This belongs to kind ${other}, and kind here is ${upload.kind}.`);
  return upload.kind === 'token' ? inspectToken(upload) : inspectCertificate(upload);
}

function inspectToken(upload: ApnsCredentialDto): Inspected {
  const key = needed(upload, 'key', 'The PEM text of AuthKey_….p8 is missing.');
  assertSigningKey(key);
  const keyId = needed(upload, 'keyId', 'The id of the key is missing; the file is called AuthKey_<keyId>.p8.');
  if (!TEN_CHARACTERS.test(keyId)) throw invalid('keyId', 'A key id has ten characters: A–Z and 0–9.');
  const teamId = needed(upload, 'teamId', 'The id of the team is missing; it is under Membership.');
  if (!TEN_CHARACTERS.test(teamId)) throw invalid('teamId', 'A team id has ten characters: A–Z and 0–9.');
  const topic = checkedTopic(needed(upload, 'topic', "The app's bundle id is missing."));
  const environment = upload.environment;
  if (!environment) throw invalid('environment', `Say which environment: ${ENVIRONMENTS.join(' or ')}.`);
  const content: ApnsContent = { kind: 'token', key, keyId, teamId, topic, environment };
  return { content, found: { kind: 'token', keyId, teamId, topic, environment } };
}

function inspectCertificate(upload: ApnsCredentialDto): Inspected {
  const given = needed(upload, 'certificate', 'The .p12 in base64, or the PEM text, is missing.');
  const read = readAppleCertificate(given, upload.passphrase);
  assertValidNow(read);
  const topic = topicOf(read, upload.topic);
  const environment = environmentOf(read, upload.environment);
  const { certificate, key, validTo } = read;
  const content: ApnsContent = { kind: 'certificate', certificate, key, topic, environment };
  return { content, found: { kind: 'certificate', topic, environment }, expiresAt: validTo };
}

function needed(upload: ApnsCredentialDto, name: 'key' | 'keyId' | 'teamId' | 'topic' | 'certificate', why: string) {
  const value = upload[name];
  if (value === undefined || value === '') throw invalid(name, why);
  return value;
}

function assertSigningKey(pem: string): void {
  const key = readPrivateKey(pem);
  if (typeof key === 'string') {
    const why = 'This is no private key in PEM: it begins with -----BEGIN PRIVATE KEY-----, line ends kept.';
    throw invalid('key', key === 'unreadable' ? why : PROBLEMS[key]);
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== 'ec' || details?.namedCurve !== 'prime256v1') {
    throw invalid('key', `Apple's keys are of the elliptic curve P-256; this one is ${details?.namedCurve ?? type}.`);
  }
}

function assertValidNow({ validFrom, validTo }: AppleCertificate): void {
  const now = Date.now();
  if (validTo.getTime() <= now) throw invalid('certificate', `The certificate expired at ${validTo.toISOString()}.`);
  if (validFrom.getTime() > now) {
    throw invalid('certificate', `The certificate is valid from ${validFrom.toISOString()} only.`);
  }
}

function checkedTopic(topic: string): string {
  if (!TOPIC.test(topic)) throw invalid('topic', 'This is no bundle id: letters, digits, dots and hyphens.');
  return topic;
}

function topicOf({ topics }: AppleCertificate, given: string | undefined): string {
  const [own] = topics;
  if (own === undefined) throw invalid('certificate', 'This is no push certificate of an app: it names no bundle id.');
  if (given === undefined) return checkedTopic(own);
  if (!topics.includes(given)) {
    throw invalid('topic', `The certificate is for ${topics.join(', ')}, not for ${given.slice(0, 255)}.`);
  }
  return checkedTopic(given);
}

function environmentOf({ environments }: AppleCertificate, given: ApnsEnvironment | undefined): ApnsEnvironment {
  const [only] = environments;
  if (only === undefined) {
    throw invalid('certificate', 'This is no push certificate: it is for neither of the environments of APNs.');
  }
  if (given === undefined) {
    if (environments.length === 1) return only;
    throw invalid('environment', `The certificate is for both; say which: ${ENVIRONMENTS.join(' or ')}.`);
  }
  if (!environments.includes(given)) throw invalid('environment', `The certificate is for ${only} only.`);
  return given;
}
