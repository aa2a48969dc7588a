/** A fresh idempotency key: 32 hexadecimal characters. Works on plain http too, where browsers hide `randomUUID`. */
export function newMessageId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
