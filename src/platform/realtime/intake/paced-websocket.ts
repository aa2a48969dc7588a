import type { IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import * as ws from 'ws';
import type { Intake } from './intake';
import type { Waiting } from './turns';

/** How long the client may take to answer our goodbye. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;
const TOO_LARGE = 1009;

type Callback = (error?: Error) => void;

/** The part of ws that reads frames, as far as we look into it: it reads one at a time, by its state. */
interface FrameReader extends Writable {
  _buffers: Buffer[];
  _bufferedBytes: number;
  _maxPayload: number;
  _payloadLength: number;
  _state: number;
  _loop: boolean;
  startLoop(done: Callback): void;
  getInfo(done: Callback): void;
  haveLength(done: Callback): void;
}
const { Receiver } = ws as unknown as { Receiver: new () => FrameReader };
const READ_FRAME = 0;
/** ws stops reading in this state, without being done with what it was given, until somebody starts it again. */
const LATER = 6;

/** Asks before each frame whether it may be read now. What is not read stays with the kernel, and so with its sender. */
class PacedReceiver extends Receiver implements Waiting {
  intake: Intake | undefined;
  private later: Callback | undefined;

  override getInfo(done: Callback): void {
    if (this._bufferedBytes < 2) return super.getInfo(done);
    const { intake } = this;
    if (intake?.take()) return super.getInfo(done);
    if (intake?.ended) return this.forget();
    this.later = done;
    this._state = LATER;
    intake?.wait(this);
  }

  override haveLength(done: Callback): void {
    this.intake?.weigh(this._payloadLength);
    super.haveLength(done);
  }

  goOn(): void {
    const { later } = this;
    if (!later) return;
    this.intake?.visit();
    this.later = undefined;
    this._state = READ_FRAME;
    this.startLoop(later);
  }

  /** From here on this connection's frames count there. */
  attach(intake: Intake): void {
    this.intake = intake;
    intake.readBy(this);
    this.goOn();
  }

  /** The connection is over. Whoever was not read because it read nothing itself is not waited for. */
  override end(...args: []): this {
    if (this.intake?.isPaused && this.later) {
      this.forget();
      this.goOn();
    }
    return super.end(...args);
  }

  private forget(): void {
    this._buffers = [];
    this._bufferedBytes = 0;
    this._loop = false;
  }
}

interface Internals {
  _receiver: PacedReceiver;
}

const CLOSED_FOR_SIZE = '42["session:closed",{"code":"TOO_LARGE"}]';

interface SocketSetter {
  setSocket(socket: Duplex, head: Buffer, options: object): void;
}
const { WebSocket } = ws as unknown as { WebSocket: new (address: null) => ws.WebSocket & SocketSetter };

/** A WebSocket whose frames are taken in turns, and whose client hears why a giant frame ends it. */
class PacedWebSocket extends WebSocket {
  /** ws makes its reader here, of a class that cannot be chosen. */
  override setSocket(socket: Duplex, head: Buffer, options: object): void {
    super.setSocket(socket, head, options);
    Object.setPrototypeOf(receiverOf(this), PacedReceiver.prototype);
  }

  override close(code?: number, data?: string | Buffer): void {
    if (code === TOO_LARGE && receiverOf(this).intake?.connection) this.send(CLOSED_FOR_SIZE);
    super.close(code, data);
  }
}

const receiverOf = (socket: ws.WebSocket): PacedReceiver => (socket as unknown as Internals)._receiver;

/** Counts the frames of a WebSocket that was just opened. */
export const paceWebSocket = (request: IncomingMessage & { websocket?: ws.WebSocket }, intake: Intake): void => {
  if (request.websocket) receiverOf(request.websocket).attach(intake);
};

/** For Engine.IO's `wsEngine`. */
export class PacedWebSocketServer extends ws.WebSocketServer {
  constructor(options: ws.ServerOptions) {
    const own: object = { WebSocket: PacedWebSocket, closeTimeout: CLOSE_TIMEOUT_MS };
    super({ ...options, ...own });
  }
}
