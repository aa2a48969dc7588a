import { createHash } from 'node:crypto';

/** The namespace of our ids (RFC 9562, version 5): a random UUID that never changes. */
const NAMESPACE = Buffer.from('6f1a5a0c2d3e4b7f9c8117d4e5a6b302', 'hex');

/** The UUID of a name: the same push has the same id, whichever worker sends it and however often. */
export function noteId(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
