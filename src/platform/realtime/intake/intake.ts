import type { ErrorCode } from '../../../kernel/errors/catalogue';
import { EXTRA_SHIFT } from '../../entry/budgets';
import type { Connection } from '../connection';
import { frameOf } from '../frame';
import type { EngineSocket } from '../engine-socket';
import type { Turns, Waiting } from './turns';

/** Frames that one connection may hand over in a turn before the rest has to wait; a client that talks has one or two. */
const SHARE = 32;
/** And each time that it comes round again. */
const VISIT = 8;
/** A frame counts once more for each of these bytes (as a shift: 2 KiB). */
const WEIGHT_SHIFT = 11;
/** Frames of a connection that nobody was let in by: CONNECT, a few tries, answers to pings. */
export const STRANGER_FRAMES = 24;
/** Frames that are paid for at once, so that counting one costs no look-up. */
const PAID_AT_ONCE = 64;
/** How long a closed connection may take to read why. Milliseconds. */
const GRACE_MS = 2000;

/** What all intakes share. */
export interface IntakeHost {
  readonly turns: Turns;
  /** Bytes of a frame before anybody was let in, and after. */
  readonly strangerBytes: number;
  readonly frameBytes: number;
  /** False when the user has sent more frames than anybody needs. */
  pay(connection: Connection, frames: number): boolean;
  /** Told when a connection is closed for what it sent. */
  closed(intake: Intake, code: ErrorCode): void;
}

/** The part of a transport that reads: how large a frame it takes. */
interface Reader {
  _maxPayload: number;
}

/**
 * What one connection hands to this process, counted frame by frame before it is parsed, on both transports and whatever
 * the frame is: events, acknowledgements, pings, fragments, nothing at all. More than its share of a turn waits; more than
 * its user may send at all closes it. One object a connection; a frame costs a few comparisons.
 */
export class Intake {
  engine: EngineSocket | undefined;
  /** Whether somebody has tried to be let in. */
  spoke = false;
  /** Absent until somebody was let in. */
  connection: Connection | undefined;
  /** Whatever comes from now on is thrown away. */
  ended = false;
  /** The WebSocket's; a polling transport asks for each request. */
  reader: Reader | undefined;
  private turn = -1;
  private left = 0;
  private credit = STRANGER_FRAMES;
  private paused = false;
  private held: Waiting[] | undefined;

  constructor(
    private readonly host: IntakeHost,
    readonly address: string,
  ) {}

  /** Bytes of the largest frame that is read at all. */
  get frameBytes(): number {
    return this.connection ? this.host.frameBytes : this.host.strangerBytes;
  }

  /** Counts a frame: false when it has to wait for another turn, or (`ended`) is of no interest any more. */
  take(): boolean {
    const { turns } = this.host;
    if (this.turn !== turns.number) {
      this.turn = turns.begin();
      this.left = SHARE;
    }
    if (this.left <= 0 || this.paused || this.ended) return false;
    this.left--;
    return --this.credit >= 0 || this.account(PAID_AT_ONCE);
  }

  /** Says how large the frame is that was taken. */
  weigh(bytes: number): void {
    this.left -= bytes >> WEIGHT_SHIFT;
    this.credit -= bytes >> EXTRA_SHIFT;
  }

  /** Counts what came beside a frame, or has cost as much as another one: a refused event, a request that polls. */
  charge(): void {
    if (!this.ended && --this.credit < 0) this.account(PAID_AT_ONCE);
  }

  /** Comes back to these frames in a later turn. */
  wait(one: Waiting): void {
    if (this.paused) (this.held ??= []).push(one);
    else this.host.turns.wait(one);
  }

  /** Begins a visit in a later turn. */
  visit(): void {
    this.turn = this.host.turns.begin();
    this.left = VISIT;
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
    for (const one of held) this.host.turns.wait(one);
  }

  /** Throws away whatever was read and is still coming: a WebSocket that holds frames would never be done with closing. */
  end(): void {
    this.ended = true;
    this.resume();
  }

  get isPaused(): boolean {
    return this.paused;
  }

  admitted(connection: Connection): void {
    this.connection = connection;
    if (this.reader) this.reader._maxPayload = this.host.frameBytes;
  }

  readBy(reader: Reader): void {
    this.reader = reader;
    reader._maxPayload = this.frameBytes;
  }

  /** Ends the connection for what it sent: its client is told why, has a moment to read that, and is not heard again. */
  close(code: ErrorCode): void {
    if (this.ended) return;
    this.end();
    const { engine } = this;
    this.host.closed(this, code);
    if (!engine) return;
    if (this.connection) engine.write(frameOf('session:closed', JSON.stringify({ code })).text, { compress: false });
    engine.close();
    setTimeout(endOf, GRACE_MS, engine).unref();
  }

  /** The user pays for the next frames, in advance. */
  private account(frames: number): boolean {
    const { connection } = this;
    if (connection && this.host.pay(connection, frames)) {
      this.credit += frames;
      return true;
    }
    this.close('RATE_LIMITED');
    return false;
  }
}

function endOf(engine: EngineSocket): void {
  const { transport } = engine;
  if (transport.socket) transport.socket.terminate();
  else {
    engine.close(true);
    transport.shouldClose?.();
  }
}
