import fc from 'fast-check';
import { clientFrame, countUp, FrameReader, numberAt, pongFrame } from './frames.mjs';

/** As a server writes it: unmasked. */
function serverFrame(payload: Buffer, opcode = 1): Buffer {
  const size = payload.length;
  const head =
    size < 126
      ? Buffer.from([0x80 | opcode, size])
      : size < 65_536
        ? Buffer.from([0x80 | opcode, 126, size >> 8, size & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127]), bigEndian(size)]);
  return Buffer.concat([head, payload]);
}

function bigEndian(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(size));
  return bytes;
}

describe('the generator’s WebSocket frames', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])('carry %d bytes, masked with zeros, readable in place', (size) => {
    const text = 'x'.repeat(size);
    const { frame, at } = clientFrame(text);
    expect(frame[0]).toBe(0x81);
    expect(frame[1] & 0x80).toBe(0x80);
    expect(frame.subarray(at - 4, at)).toEqual(Buffer.alloc(4));
    expect(frame.toString('utf8', at)).toBe(text);
  });

  it('come out of the reader whole and in order, wherever the network cuts them', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((one) => serverFrame(Buffer.from(one))));
        const reader = new FrameReader();
        const got: string[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          const chunk = bytes.subarray(at, at + cut);
          at += chunk.length;
          reader.push(chunk, (buffer, from, to) => got.push(buffer.toString('hex', from, to)));
        }
        expect(got).toEqual(sent.map((one) => Buffer.from(one).toString('hex')));
      }),
    );
  });

  it('tell control frames from text by their opcode', () => {
    const seen: number[] = [];
    const bytes = Buffer.concat([
      serverFrame(Buffer.from('a')),
      serverFrame(Buffer.from('b'), 9),
      serverFrame(Buffer.from(''), 8),
    ]);
    new FrameReader().push(bytes, (_buffer, _from, _to, opcode) => seen.push(opcode));
    expect(seen).toEqual([1, 9, 8]);
    expect(pongFrame(Buffer.from('b'))[0]).toBe(0x8a);
  });

  it('are another message each time: the running number counts up in place', () => {
    const { frame, at } = clientFrame('id-000000098');
    for (const expected of [98, 99, 100, 101]) {
      expect(numberAt(frame, at + 3, 9)).toBe(expected);
      countUp(frame, at + 3, 9);
    }
  });
});
