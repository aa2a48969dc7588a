import { createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Settings } from '../config/settings';

/** ENCRYPTION_KEY itself. Never used as it is: every use derives a key of its own. */
export const masterKey = ({ security }: Settings): Buffer => Buffer.from(security.encryptionKey, 'base64');

/** A key of its own for one purpose (HKDF-SHA256): knowing it tells nothing about `secret` or about the other keys. */
export const deriveKey = (secret: string | Buffer, info: string, bytes = 32): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', info, bytes));

/** A secret for machines: 256 random bits in 43 URL-safe characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares secrets without telling by its time where they differ, or how long they are. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));
