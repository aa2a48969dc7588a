import { Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Settings } from '../config/settings';
import { deriveKey, masterKey } from './keys';

/** Where a sealed value lives. It is bound to this place: moved to another row or column it does not open. */
export interface SealedPlace {
  table: string;
  column: string;
  /** What names the row from outside, known before it is written: an appId, an accountSid. */
  owner: string;
}

/** The key in use. A later one gets the next id, and values sealed under this one still open. */
const KEY_ID = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;
/** What sealing adds to a value. */
export const SEAL_OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES;

/**
 * Secrets at rest: sealed (AES-256-GCM) where they must be read again, as a keyed hash where they are only compared.
 * A sealed value is key id (1 byte) · nonce (12) · ciphertext · tag (16).
 */
@Injectable()
export class Vault {
  private readonly sealKeys: ReadonlyMap<number, Buffer>;
  private readonly hashKey: Buffer;

  constructor(settings: Settings) {
    const master = masterKey(settings);
    this.sealKeys = new Map([[KEY_ID, deriveKey(master, 'parley/seal/v1')]]);
    this.hashKey = deriveKey(master, 'parley/keyed-hash/v1');
  }

  seal(value: string | Buffer, place: SealedPlace): Buffer {
    const head = Buffer.concat([Buffer.from([KEY_ID]), randomBytes(NONCE_BYTES)]);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(KEY_ID), head.subarray(1));
    cipher.setAAD(boundTo(KEY_ID, place));
    return Buffer.concat([head, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when the value was changed, sealed for another place or under a key that is gone. */
  openBytes(sealed: Buffer, place: SealedPlace): Buffer {
    if (sealed.length < SEAL_OVERHEAD_BYTES) throw new Error('a sealed value is cut short');
    const keyId = sealed.readUInt8(0);
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv('aes-256-gcm', this.keyOf(keyId), sealed.subarray(1, HEAD_BYTES), options);
    decipher.setAAD(boundTo(keyId, place));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
  }

  /** As `openBytes`, for text. */
  open(sealed: Buffer, place: SealedPlace): string {
    return this.openBytes(sealed, place).toString();
  }

  /** HMAC-SHA256, 32 bytes. For secrets of 128 random bits and more only: people's passwords go through Passwords. */
  keyedHash(text: string): Buffer {
    return createHmac('sha256', this.hashKey).update(text).digest();
  }

  /** Whether `text` is what was hashed; takes the same time however close it is. */
  matches(text: string, hash: Buffer): boolean {
    const given = this.keyedHash(text);
    return hash.length === given.length && timingSafeEqual(given, hash);
  }

  private keyOf(keyId: number): Buffer {
    const key = this.sealKeys.get(keyId);
    if (!key) throw new Error(`no key ${keyId} to open a sealed value with: was ENCRYPTION_KEY changed?`);
    return key;
  }
}

/** JSON, so that no two places spell the same bytes. */
const boundTo = (keyId: number, { table, column, owner }: SealedPlace): Buffer =>
  Buffer.from(JSON.stringify([keyId, table, column, owner]));
