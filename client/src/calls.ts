import type { Socket } from 'socket.io-client';
import type { Ack, ClientEvents } from './catalogue';
import { ParleyError } from './errors';

/** One attempt of a call. Rejects with `definite: false` when the outcome is unknown. */
export type Call = <E extends keyof ClientEvents>(
  event: E,
  data: ClientEvents[E]['data'],
) => Promise<ClientEvents[E]['reply']>;

/** A call that waits for its answer. */
interface UnderWay {
  bytes: number;
  /** The server closed the socket over it. */
  tooLarge?: true;
}

/** What Socket.IO writes before an event: its type and the number of its acknowledgement. */
const FRAME_HEAD_BYTES = 8;

/** Calls and their answers, over whichever socket there is. */
export class Calls {
  private readonly underWay = new Set<UnderWay>();

  constructor(
    private readonly timeoutMs: number,
    /** The longest frame that the server takes. */
    private readonly maxBytes: () => number,
  ) {}

  async make<E extends keyof ClientEvents>(
    socket: Socket | undefined,
    event: E,
    data: ClientEvents[E]['data'],
  ): Promise<ClientEvents[E]['reply']> {
    if (!socket?.connected) throw new ParleyError('NOT_CONNECTED', 'There is no connection.', { definite: false });
    const one: UnderWay = { bytes: this.assertFits(event, data) };
    let ack: Ack<ClientEvents[E]['reply']>;
    this.underWay.add(one);
    try {
      ack = (await socket.timeout(this.timeoutMs).emitWithAck(event, data)) as typeof ack;
    } catch (cause) {
      if (one.tooLarge)
        throw new ParleyError('TOO_LARGE', `The server does not take a ${event} of this size.`, { cause });
      throw new ParleyError('TIMEOUT', `No answer to ${event}; its outcome is unknown.`, { definite: false, cause });
    } finally {
      this.underWay.delete(one);
    }
    if (ack.ok) return ack.data;
    throw ParleyError.fromWire(ack.error);
  }

  /** The server is about to close the socket over a frame that is too large: the largest that has no answer yet. */
  blameLargest(): void {
    const [largest] = [...this.underWay].sort((a, b) => b.bytes - a.bytes);
    if (largest) largest.tooLarge = true;
  }

  /** A frame that the server would close the socket for is refused here: it could be repeated for ever. Answers its bytes. */
  private assertFits(event: string, data: unknown): number {
    const bytes = new TextEncoder().encode(JSON.stringify([event, data])).length + FRAME_HEAD_BYTES;
    const maxBytes = this.maxBytes();
    if (bytes <= maxBytes) return bytes;
    throw new ParleyError('TOO_LARGE', `This takes ${bytes} bytes to send; the server takes ${maxBytes}.`, {
      details: { maxBytes },
    });
  }
}
