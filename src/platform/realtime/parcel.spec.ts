import { frameOf } from './frame';
import { Parcel } from './parcel';

const message = (text: string) => frameOf('message:new', JSON.stringify({ text }));
const texts = (parcel: Parcel): string[] => parcel.frames.map(({ text }) => text);

describe('a parcel', () => {
  it('is one buffer, made once, that holds the frames one behind the other', () => {
    const frames = [message('a'), frameOf('typing', '{}'), message('é')];
    const parcel = new Parcel(frames);
    expect(parcel.bytes[0]).toEqual(Buffer.concat(frames.map(({ options }) => options.wsPreEncodedFrame[0])));
    expect(parcel.bytes).toBe(parcel.bytes);
  });

  it('of one frame is that very frame, for clients with batches too', () => {
    const frame = message('a');
    const parcel = new Parcel([frame]);
    expect(parcel.bytes).toBe(frame.options.wsPreEncodedFrame);
    expect(parcel.batched).toBe(parcel);
  });

  it('joins messages in a row for clients with batches, and lets nothing overtake', () => {
    const parcel = new Parcel([
      message('a'),
      message('b'),
      frameOf('typing', '{}'),
      message('c'),
      frameOf('typing', '{}'),
    ]);
    expect(texts(parcel.batched)).toEqual([
      '2["message:batch",{"messages":[{"text":"a"},{"text":"b"}]}]',
      '2["typing",{}]',
      '2["message:new",{"text":"c"}]',
      '2["typing",{}]',
    ]);
    expect(parcel.batched).toBe(parcel.batched);
  });

  it('begins another batch where one would grow large', () => {
    const sizesOf = (frames: readonly { text: string }[]): number[] =>
      frames.map(({ text }) => (JSON.parse(text.slice(1))[1] as { messages: unknown[] }).messages.length);
    const many = new Parcel(Array.from({ length: 230 }, (_, i) => message(`${i}`)));
    expect(sizesOf(many.batched.frames)).toEqual([100, 100, 30]);
    const large = new Parcel(Array.from({ length: 4 }, () => message('x'.repeat(30_000))));
    expect(sizesOf(large.batched.frames)).toEqual([2, 2]);
  });
});
