import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Parts of a connection that Node keeps to itself: what libuv has been given, and what it still holds. */
type Handle = { bytesWritten?: number; writeQueueSize?: number } | null;

/** Node's parser of a connection, which hands over each head that it has read. */
type Parser = { onIncoming?: () => number } | null;

/** By whom a request is counted, before any credential is proved. */
export interface RequestOrigin {
  address: string;
  /** The header with a user's token; app servers, who ask much at once and rightly, show Basic credentials. */
  bearer?: string;
}

/** What tells the parser that something is wrong with the head it has just read. */
const WRONG = -1;

/** One connection that speaks HTTP, and the answers it still waits for. */
export class OpenConnection {
  /** Its requests that are not answered yet, or whose answer is not read, and for whom each counts as under way. */
  readonly waiting = new Map<ServerResponse, RequestOrigin | undefined>();
  private delivered = 0;
  private stuckSince = 0;

  constructor(
    readonly socket: Socket,
    readonly address: string,
  ) {}

  /** Bytes of finished answers that this process holds because the client does not read. */
  get unreadBytes(): number {
    // An answer in its turn counts the bytes that wait in the socket as its own; those behind it have only theirs.
    let bytes = 0;
    let inTurn = false;
    for (const response of this.waiting.keys()) {
      bytes += response.writableLength;
      inTurn ||= response.socket !== null;
    }
    return inTurn ? bytes : bytes + this.socket.writableLength;
  }

  /** For how long the kernel has taken nothing of what is unread. Asked regularly. */
  stuckMs(now: number): number {
    const { bytesWritten = 0, writeQueueSize = 0 } = (this.socket as Socket & { _handle: Handle })._handle ?? {};
    const delivered = bytesWritten - writeQueueSize;
    if (delivered !== this.delivered || this.stuckSince === 0) {
      this.delivered = delivered;
      this.stuckSince = now;
    }
    return now - this.stuckSince;
  }

  /** Ends it, with whatever was sent ahead: a read of 64 KB can hold 1,300 requests, and Node would parse them all. */
  end(): void {
    const { parser } = this.socket as Socket & { parser?: Parser };
    if (parser) parser.onIncoming = () => WRONG;
    this.socket.destroy();
  }

  /** Everything was read: the next answer gets the whole time. */
  idle(): void {
    this.stuckSince = 0;
  }
}
