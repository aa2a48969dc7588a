/** A push service like Apple's that takes everything: HTTP/2 over TLS with a certificate of its own, and nothing behind it. */
import { generateKeyPairSync } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import forge from 'node-forge';

const DAY_MS = 86_400_000;
/** Apple's own. */
const STREAMS = 1000;

function certificate() {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  const own = forge.pki.privateKeyFromPem(key.toString());
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
  made.serialNumber = '01';
  made.validity.notBefore = new Date(Date.now() - DAY_MS);
  made.validity.notAfter = new Date(Date.now() + DAY_MS);
  const name = [{ name: 'commonName', value: 'localhost' }];
  made.setSubject(name);
  made.setIssuer(name);
  made.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
  ]);
  made.sign(own, forge.md.sha256.create());
  return { key, cert: forge.pki.certificateToPem(made) };
}

const { key, cert } = certificate();
const server = createSecureServer({ key, cert, settings: { maxConcurrentStreams: STREAMS } });
server.on('session', (session) => session.on('error', () => session.destroy()));
server.on('stream', (stream, headers) => {
  stream.on('error', () => stream.close());
  stream.on('data', () => {});
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'apns-id': headers['apns-id'] }, { endStream: true });
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ port, ca: cert });
});
process.on('disconnect', () => process.exit(0));
