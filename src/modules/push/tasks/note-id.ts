import { hash } from 'node:crypto';

/** The namespace of our ids (RFC 9562, version 5): a random UUID that never changes. */
const NAMESPACE = Buffer.from('6f1a5a0c2d3e4b7f9c8117d4e5a6b302', 'hex');

/** The UUID of a name: the same push has the same id, whichever worker sends it and however often. */
export function noteId(name: string): string {
  const hex = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]));
  const variant = ((parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
