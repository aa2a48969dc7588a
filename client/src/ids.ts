/**
 * Nobody else's id: 32 hexadecimal characters, for a message or a device. Works on plain http too, where browsers hide
 * `randomUUID`.
 */
export function newId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
