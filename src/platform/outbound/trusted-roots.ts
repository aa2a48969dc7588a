import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

const PEM = /-----BEGIN CERTIFICATE-----/;

/**
 * The usual certificate authorities and one more, given as PEM or as a file of it. Undefined when there is none: Node's
 * own roots hold then, and whatever NODE_EXTRA_CA_CERTS adds.
 */
export function trustedRoots(extra: string | undefined): string[] | undefined {
  if (extra === undefined) return undefined;
  const pem = PEM.test(extra) ? extra : readFileSync(extra, 'utf8');
  if (!PEM.test(pem)) throw new Error('PUSH_CA is neither a PEM certificate nor a file of one');
  return [...rootCertificates, pem];
}
