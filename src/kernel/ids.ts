import { randomBytes } from 'node:crypto';

/** User, group and chatroom ids: ASCII, case-sensitive, 1–64 (contract.md, Ids and names). */
export const ID_PATTERN = /^[A-Za-z0-9_.@-]{1,64}$/;
export const ID_RULE = 'An id has 1 to 64 of A-Z a-z 0-9 _ . @ - and no other.';
/** What becomes an id: no word of paths (`.`, `..`), which clients and proxies resolve before we ever see it. */
export const NEW_ID_PATTERN =
  /^(?:[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,63}|\.[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,62}|\.\.[A-Za-z0-9_.@-]{1,62})$/;
export const NEW_ID_RULE = 'An id has 1 to 64 of A-Z a-z 0-9 _ . @ - and no other, and is not . or .. itself.';
/** The idempotency key of a message's sender: 16–36 characters, a UUID for example. */
export const CLIENT_MESSAGE_ID_PATTERN = /^[A-Za-z0-9_-]{16,36}$/;

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A random public id of `length` characters out of 32 (5 bits each), free of look-alikes. */
export function randomId(length: number, prefix = ''): string {
  let id = prefix;
  for (const byte of randomBytes(length)) id += ALPHABET[byte & 31];
  return id;
}
