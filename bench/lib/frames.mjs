/** WebSocket frames (RFC 6455) as the generator writes and reads them: made once, masked with zeros, parsed in place. */

const TEXT = 0x81;
const MASKED = 0x80;
const PONG = 0x8a;

/**
 * A final, masked frame whose mask is all zeros, so that its payload is plain in the buffer and can be changed in place.
 * @param {string | Buffer} payload @param {number} [first] FIN and opcode
 * @returns {{ frame: Buffer, at: number }} at: where the payload begins
 */
export function clientFrame(payload, first = TEXT) {
  const size = Buffer.byteLength(payload);
  const lengthBytes = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const at = 2 + lengthBytes + 4;
  const frame = Buffer.alloc(at + size);
  frame[0] = first;
  if (lengthBytes === 0) frame[1] = MASKED | size;
  else if (lengthBytes === 2) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  if (typeof payload === 'string') frame.write(payload, at);
  else payload.copy(frame, at);
  return { frame, at };
}

/** @param {Buffer} payload what the ping carried */
export const pongFrame = (payload) => clientFrame(payload, PONG).frame;

/**
 * Cuts a server's bytes into frames. `onFrame(buffer, from, to, opcode)` sees the payload where it lies; nothing is
 * copied except a frame that is cut in two by the network.
 */
export class FrameReader {
  /** @type {Buffer | undefined} */
  #rest;

  /** @param {Buffer} chunk @param {(buffer: Buffer, from: number, to: number, opcode: number) => void} onFrame */
  push(chunk, onFrame) {
    const buffer = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    const end = buffer.length;
    let at = 0;
    while (end - at >= 2) {
      let size = buffer[at + 1] & 0x7f;
      let from = at + 2;
      if (size === 126) {
        if (end - at < 4) break;
        size = buffer.readUInt16BE(at + 2);
        from = at + 4;
      } else if (size === 127) {
        if (end - at < 10) break;
        size = Number(buffer.readBigUInt64BE(at + 2));
        from = at + 10;
      }
      const to = from + size;
      if (to > end) break;
      onFrame(buffer, from, to, buffer[at] & 0x0f);
      at = to;
    }
    this.#rest = at < end ? buffer.subarray(at) : undefined;
  }
}

/** Counts a run of ASCII digits up by one, in place. @param {Buffer} buffer @param {number} from @param {number} digits */
export function countUp(buffer, from, digits) {
  for (let at = from + digits - 1; at >= from; at--) {
    if (buffer[at] < 57) {
      buffer[at]++;
      return;
    }
    buffer[at] = 48;
  }
}

/** The number written in a run of ASCII digits. @param {Buffer} buffer @param {number} from @param {number} digits */
export function numberAt(buffer, from, digits) {
  let value = 0;
  for (let at = from; at < from + digits; at++) value = value * 10 + (buffer[at] - 48);
  return value;
}
