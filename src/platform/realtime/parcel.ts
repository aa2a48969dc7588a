import { type Frame, frameOf } from './frame';

/** Messages of one `message:batch`, and characters of their JSON: a client should not wait long for the first of them. */
const BATCH_MESSAGES_MAX = 100;
const BATCH_CHARS_MAX = 64 * 1024;

/** Frames that many sockets are to hear in a row. Whatever they are written as is made once for all of these sockets. */
export class Parcel {
  private joined: [Buffer] | undefined;
  private forBatching: Parcel | undefined;

  constructor(readonly frames: readonly Frame[]) {}

  /** All frames, one behind the other, as they go through a WebSocket: one buffer, one write. */
  get bytes(): [Buffer] {
    this.joined ??= this.frames.length === 1 && this.frames[0] ? this.frames[0].options.wsPreEncodedFrame : this.join();
    return this.joined;
  }

  /** The same for clients with the feature `batch`: several messages in a row are one `message:batch`. */
  get batched(): Parcel {
    this.forBatching ??= this.frames.length === 1 ? this : new Parcel(batchesOf(this.frames));
    return this.forBatching;
  }

  private join(): [Buffer] {
    return [Buffer.concat(this.frames.map(({ options }) => options.wsPreEncodedFrame[0]))];
  }
}

function batchesOf(frames: readonly Frame[]): Frame[] {
  const result: Frame[] = [];
  let run: Frame[] = [];
  let chars = 0;
  const finish = (): void => {
    if (run.length > 1) {
      result.push(frameOf('message:batch', `{"messages":[${run.map(({ message }) => message).join(',')}]}`));
    } else result.push(...run);
    run = [];
    chars = 0;
  };
  for (const frame of frames) {
    const size = frame.message?.length ?? 0;
    if (size === 0 || run.length === BATCH_MESSAGES_MAX || chars + size > BATCH_CHARS_MAX) finish();
    if (size === 0) result.push(frame);
    else {
      run.push(frame);
      chars += size;
    }
  }
  finish();
  return result;
}
