import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import * as ws from 'ws';
import type { InboundFlow } from './inbound-flow';
import type { DeferredFrames } from './loop-turns';

/** How long the client may take to answer our goodbye. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;
const TOO_LARGE = 1009;

type Callback = (error?: Error) => void;

/** The part of ws that reads frames, as far as we look into it: it reads one at a time, by its state. */
interface FrameReader {
  _buffers: Buffer[];
  _bufferedBytes: number;
  _maxPayload: number;
  _payloadLength: number;
  _state: number;
  _loop: boolean;
  startLoop: (this: FrameReader, done: Callback) => void;
  getInfo: (this: FrameReader, done: Callback) => void;
  haveLength: (this: FrameReader, done: Callback) => void;
  end: (this: FrameReader) => void;
}
const { Receiver } = ws as unknown as { Receiver: { prototype: FrameReader } };
const READ_FRAME = 0;
/** ws stops reading in this state, without being done with what it was given, until somebody starts it again. */
const LATER = 6;

/** A reader that asks before each frame whether it may be read now. What is not read stays with the kernel, and so with its sender. */
interface PacedReader extends FrameReader, DeferredFrames {
  /** Null until somebody counts its frames: nothing is read before. Absent in a reader that is not ours. */
  inbound?: InboundFlow | null;
  later: Callback | undefined;
}

/**
 * ws makes its readers of a class that nobody can choose, and one that is given another prototype afterwards leaves V8's
 * fast paths: all it does cost five times as much. So the class itself is changed, for the readers that are ours.
 */
const { getInfo, haveLength, end } = Receiver.prototype;
Object.assign(Receiver.prototype, {
  getInfo(this: PacedReader, done: Callback): void {
    const { inbound } = this;
    if (inbound === undefined || this._bufferedBytes < 2 || inbound?.accept()) return getInfo.call(this, done);
    if (inbound?.ended) return forget(this);
    this.later = done;
    this._state = LATER;
    inbound?.defer(this);
  },

  haveLength(this: PacedReader, done: Callback): void {
    this.inbound?.weigh(this._payloadLength);
    haveLength.call(this, done);
  },

  continueReading(this: PacedReader): void {
    const { later } = this;
    if (!later) return;
    this.inbound?.beginResume();
    this.later = undefined;
    this._state = READ_FRAME;
    this.startLoop(later);
  },

  /** The connection is over. Whoever was not read because it read nothing itself is not waited for. */
  end(this: PacedReader): void {
    if (this.inbound?.isPaused && this.later) {
      forget(this);
      this.continueReading();
    }
    end.call(this);
  },
});

function forget(reader: FrameReader): void {
  reader._buffers = [];
  reader._bufferedBytes = 0;
  reader._loop = false;
}

const CLOSED_FOR_SIZE = '42["session:closed",{"code":"TOO_LARGE"}]';

interface SocketSetter {
  setSocket(socket: Duplex, head: Buffer, options: object): void;
}
const { WebSocket } = ws as unknown as { WebSocket: new (address: null) => ws.WebSocket & SocketSetter };

/** A WebSocket whose frames are taken in turns, and whose client hears why a giant frame ends it. */
class PacedWebSocket extends WebSocket {
  /** ws makes its reader here. */
  override setSocket(socket: Duplex, head: Buffer, options: object): void {
    super.setSocket(socket, head, options);
    Object.assign(readerOf(this), { inbound: null, later: undefined });
  }

  override close(code?: number, data?: string | Buffer): void {
    if (code === TOO_LARGE && readerOf(this).inbound?.connection) this.send(CLOSED_FOR_SIZE);
    super.close(code, data);
  }
}

const readerOf = (socket: ws.WebSocket): PacedReader => (socket as unknown as { _receiver: PacedReader })._receiver;

/** Counts the frames of a WebSocket that was just opened. */
export const paceWebSocket = (request: IncomingMessage & { websocket?: ws.WebSocket }, inbound: InboundFlow): void => {
  const { websocket } = request;
  if (!websocket) return;
  const reader = readerOf(websocket);
  reader.inbound = inbound;
  inbound.attachReader(reader);
  reader.continueReading();
};

/** For Engine.IO's `wsEngine`. */
export class PacedWebSocketServer extends ws.WebSocketServer {
  constructor(options: ws.ServerOptions) {
    const own: object = { WebSocket: PacedWebSocket, closeTimeout: CLOSE_TIMEOUT_MS };
    super({ ...options, ...own });
  }
}
