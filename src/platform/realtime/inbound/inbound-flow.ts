import type { ErrorCode } from '../../../kernel/errors/catalogue';
import { EXTRA_SHIFT } from '../../entry/budgets';
import type { Connection } from '../connection';
import { frameOf } from '../frame';
import type { EngineSocket } from '../engine-socket';
import type { DeferredFrames, LoopTurns } from './loop-turns';

/** Frames of one connection that are read in a turn of the event loop before the rest is deferred; a client that talks has one or two. */
const FRAMES_PER_TURN = 32;
/** And of the deferred ones, each time that they are resumed. */
const FRAMES_PER_RESUME = 8;
/** A frame counts once more for each of these bytes (as a shift: 2 KiB). */
const WEIGHT_SHIFT = 11;
/** Frames of a connection without a session: CONNECT, a few attempts, answers to pings. */
export const UNAUTHENTICATED_FRAMES = 24;
/** Frames that are consumed of the user's rate at once, so that counting one costs no look-up. */
const CONSUMED_AT_ONCE = 64;
/** How long a closed connection may take to read why. Milliseconds. */
const GRACE_MS = 2000;

/** What all flows share. */
export interface InboundFlowHost {
  readonly turns: LoopTurns;
  /** Bytes of the largest frame, before a session is bound and after. */
  readonly unauthenticatedBytes: number;
  readonly frameBytes: number;
  /** Consumes so many of the user's rate of frames; false when it is used up. */
  consume(connection: Connection, frames: number): boolean;
  /** Called when a connection is closed for what it sent. */
  closed(inbound: InboundFlow, code: ErrorCode): void;
}

/** The part of a transport that reads: how large a frame it takes. */
interface Reader {
  _maxPayload: number;
}

/**
 * Flow control of what one connection sends: every frame is counted before it is parsed, on both transports and whatever it
 * is: events, acknowledgements, pings, fragments, nothing at all. More than its share of a turn is deferred; more than its
 * user may send at all closes it. One object a connection; a frame costs a few comparisons.
 */
export class InboundFlow {
  engine: EngineSocket | undefined;
  /** Whether a CONNECT came. */
  attemptedAuth = false;
  /** Absent until a session is bound. */
  connection: Connection | undefined;
  /** Whatever comes from now on is discarded. */
  ended = false;
  /** The WebSocket's; a polling transport asks for each request. */
  reader: Reader | undefined;
  private turn = -1;
  private left = 0;
  private credit = UNAUTHENTICATED_FRAMES;
  private paused = false;
  private held: DeferredFrames[] | undefined;

  constructor(
    private readonly host: InboundFlowHost,
    readonly address: string,
  ) {}

  /** Bytes of the largest frame that is read at all. */
  get frameBytes(): number {
    return this.connection ? this.host.frameBytes : this.host.unauthenticatedBytes;
  }

  /** Counts a frame. False when it has to be deferred, or (`ended`) is discarded. */
  accept(): boolean {
    const { turns } = this.host;
    if (this.turn !== turns.number) {
      this.turn = turns.begin();
      this.left = FRAMES_PER_TURN;
    }
    if (this.left <= 0 || this.paused || this.ended) return false;
    this.left--;
    return --this.credit >= 0 || this.consume(CONSUMED_AT_ONCE);
  }

  /** Says how large the frame is that was accepted. */
  weigh(bytes: number): void {
    this.left -= bytes >> WEIGHT_SHIFT;
    this.credit -= bytes >> EXTRA_SHIFT;
  }

  /** Counts what came beside a frame, or has cost as much as another one: a refused event, a request that polls. */
  charge(): void {
    if (!this.ended && --this.credit < 0) this.consume(CONSUMED_AT_ONCE);
  }

  /** Goes on with these frames in a later turn. */
  defer(frames: DeferredFrames): void {
    if (this.paused) (this.held ??= []).push(frames);
    else this.host.turns.defer(frames);
  }

  /** Called before deferred frames are read on, in a later turn. */
  beginResume(): void {
    this.turn = this.host.turns.begin();
    this.left = FRAMES_PER_RESUME;
  }

  /** Reads nothing more until `resume`: its answers are not being read either. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    const { held = [] } = this;
    this.held = undefined;
    for (const frames of held) this.host.turns.defer(frames);
  }

  /** Discards whatever was read and is still coming: a WebSocket that holds frames would never be done with closing. */
  end(): void {
    this.ended = true;
    this.resume();
  }

  get isPaused(): boolean {
    return this.paused;
  }

  authenticated(connection: Connection): void {
    this.connection = connection;
    if (this.reader) this.reader._maxPayload = this.host.frameBytes;
  }

  attachReader(reader: Reader): void {
    this.reader = reader;
    reader._maxPayload = this.frameBytes;
  }

  /** Closes the connection for what it sent: its client is told why, has a moment to read that, and is not read any more. */
  close(code: ErrorCode): void {
    if (this.ended) return;
    this.end();
    const { engine } = this;
    this.host.closed(this, code);
    if (!engine) return;
    if (this.connection) engine.write(frameOf('session:closed', JSON.stringify({ code })).text, { compress: false });
    engine.close();
    setTimeout(terminate, GRACE_MS, engine).unref();
  }

  /** Consumes the next frames of the user's rate, in advance. */
  private consume(frames: number): boolean {
    const { connection } = this;
    if (connection && this.host.consume(connection, frames)) {
      this.credit += frames;
      return true;
    }
    this.close('RATE_LIMITED');
    return false;
  }
}

function terminate(engine: EngineSocket): void {
  const { transport } = engine;
  if (transport.socket) transport.socket.terminate();
  else {
    engine.close(true);
    transport.shouldClose?.();
  }
}
