import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ServerEventName, ServerEvents } from '../../kernel/contracts/socket-events';
import { Settings } from '../config/settings';
import type { Connection } from './connection';
import { answerFrame, type Frame, frameOf } from './frame';
import { gather } from './gather';
import { counts } from './metrics';
import type { Parcel } from './parcel';
import { directSender, type EngineSocket, engineOf } from './engine-socket';

/** A frame larger than this is not pushed: the client is told where to pull (protocol.md §2.4). */
export const PUSH_BYTES_MAX = 8 * 1024;
const TIP_INTERVAL_MS = 1000;
const SWEEP_MS = 250;

/** Packets that are counted each time; it costs less than remembering. */
const SUMMED_MAX = 8;
/** Bytes counted per write buffer; Engine.IO starts a new array with every flush, so a count ends by itself. */
const tallies = new WeakMap<object, { counted: number; bytes: number }>();

/** What waits for one socket in this process: packets not yet handed to the transport and bytes not yet to the kernel. */
function waitingBytes(engine: EngineSocket): number {
  const inTransport = engine.transport.socket?.bufferedAmount ?? 0;
  const packets = engine.writeBuffer;
  if (packets.length <= SUMMED_MAX) return inTransport + bytesOf(packets, 0);
  let tally = tallies.get(packets);
  if (!tally) tallies.set(packets, (tally = { counted: 0, bytes: 0 }));
  tally.bytes += bytesOf(packets, tally.counted);
  tally.counted = packets.length;
  return inTransport + tally.bytes;
}

function bytesOf(packets: EngineSocket['writeBuffer'], from: number): number {
  let bytes = 0;
  for (let at = from; at < packets.length; at++) bytes += packets[at].data?.length ?? 0;
  return bytes;
}

/** Taking this many bytes less is progress: a client that reads, however slowly. */
const PROGRESS_BYTES = 4096;

/** Much waits for this connection. */
interface Backlog {
  /** What waited when it last made progress, and when that was. */
  bytes: number;
  since: number;
}

/**
 * Writes events to this node's sockets, each bounded (protocol.md §2.10). A client that does not read loses live frames,
 * which is legal: it pulls. Answers are always written, so nothing more is read from whoever does not read them; one
 * answer alone, whatever its size, counts against nobody. Where nothing is taken for `laggingMs`, the connection ends.
 */
@Injectable()
export class Outbound implements OnApplicationShutdown {
  private readonly logger = new Logger(Outbound.name);
  private readonly backlogs = new Map<Connection, Backlog>();
  private readonly drained: ((connection: Connection) => void)[] = [];
  private readonly dropped = new WeakSet<Connection>();
  private readonly tips = new Map<Connection, { due: number; waiting: Map<string, number> }>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly settings: Settings) {}

  /** Called when a connection whose answers waited has taken them. */
  onDrained(listener: (connection: Connection) => void): void {
    this.drained.push(listener);
  }

  /** Writes a live event. False when it was held back because the socket lags. */
  write(connection: Connection, frame: Frame): boolean {
    if (connection.laggingSince !== 0) {
      counts.liveFramesHeldBack++;
      return false;
    }
    const engine = engineOf(connection.socket);
    gather(engine);
    engine.write(frame.text, frame.options);
    counts.liveFrames++;
    const bytes = waitingBytes(engine);
    if (bytes > this.settings.realtime.laggingBytes + connection.answerBytes) this.hold(connection, bytes);
    return true;
  }

  /**
   * Writes what many sockets hear, with as little as can be done for each. A WebSocket that holds nothing back takes the
   * shared buffer as it is, through the door by which Engine.IO writes its own frames, but without a packet, two arrays
   * and four events a socket; all others, polling ones too, are written to as usual. False when it was held back.
   */
  send(connection: Connection, parcel: Parcel): boolean {
    if (connection.laggingSince !== 0) {
      counts.liveFramesHeldBack += parcel.frames.length;
      return false;
    }
    const engine = engineOf(connection.socket);
    const ready = connection.features.has('batch') ? parcel.batched : parcel;
    // What was said before must be with the TCP socket already, so that the order stays.
    const sender = engine.writeBuffer.length === 0 ? directSender(engine) : undefined;
    if (sender) sender.sendFrame(ready.bytes);
    else for (const { text, options } of ready.frames) engine.write(text, options);
    counts.liveFrames += parcel.frames.length;
    const bytes = waitingBytes(engine);
    if (bytes > this.settings.realtime.laggingBytes + connection.answerBytes) this.hold(connection, bytes);
    return true;
  }

  /** Says something to one socket, lagging or not: for the few events about the connection itself. */
  say<E extends ServerEventName>(connection: Connection, event: E, data: ServerEvents[E]): void {
    const { text, options } = frameOf(event, JSON.stringify(data));
    engineOf(connection.socket).write(text, options);
  }

  /** Tells where to pull, at most once a second a socket; what gathers meanwhile goes out together. */
  tip(connection: Connection, conversationId: string, maxSeq: number): void {
    if (connection.laggingSince !== 0) return;
    const now = performance.now();
    const tips = this.tips.get(connection);
    if (!tips) {
      this.tips.set(connection, { due: now + TIP_INTERVAL_MS, waiting: new Map() });
      this.write(connection, frameOf('conversation:tip', JSON.stringify({ conversationId, maxSeq })));
      this.watchOver();
    } else tips.waiting.set(conversationId, Math.max(maxSeq, tips.waiting.get(conversationId) ?? 0));
  }

  /** What a client's acknowledgement hears. */
  answer(connection: Connection, ackId: number, json: string): void {
    const { socket } = connection;
    if (!socket.connected) return;
    const engine = engineOf(socket);
    const { text, options } = answerFrame(ackId, json);
    gather(engine);
    engine.write(text, options);
    const bytes = waitingBytes(engine);
    const { laggingBytes, disconnectBytes } = this.settings.realtime;
    if (bytes <= laggingBytes) return;
    connection.answerBytes = Math.max(connection.answerBytes, text.length);
    const others = bytes - connection.answerBytes;
    const backlog = this.backlogs.get(connection);
    // What we add ourselves hides no progress.
    if (backlog) backlog.bytes += text.length;
    else this.watch(connection, bytes);
    if (others > disconnectBytes)
      this.drop(connection, bytes, 'more answers wait for it than REALTIME_DISCONNECT_BYTES');
    else if (others > laggingBytes) connection.inbound?.pause();
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeper);
  }

  /** No live frames until what waits has been taken. */
  private hold(connection: Connection, bytes: number): void {
    connection.laggingSince = performance.now();
    counts.laggingSockets++;
    this.watch(connection, bytes);
  }

  private watch(connection: Connection, bytes: number): void {
    if (this.backlogs.has(connection)) return;
    const backlog = { bytes, since: performance.now() };
    this.backlogs.set(connection, backlog);
    this.watchOver();
    // Most of what waits for the end of a turn is with the kernel behind it.
    setImmediate(() => {
      if (this.backlogs.get(connection) === backlog) this.review(connection, backlog, performance.now());
    });
  }

  private watchOver(): void {
    this.sweeper ??= setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  private sweep(now: number): void {
    for (const [connection, backlog] of this.backlogs) this.review(connection, backlog, now);
    for (const [connection, tips] of this.tips) {
      if (now < tips.due) continue;
      if (tips.waiting.size === 0 || connection.laggingSince !== 0 || !connection.socket.connected) {
        this.tips.delete(connection);
        continue;
      }
      for (const [conversationId, maxSeq] of tips.waiting) {
        this.write(connection, frameOf('conversation:tip', JSON.stringify({ conversationId, maxSeq })));
      }
      this.tips.set(connection, { due: now + TIP_INTERVAL_MS, waiting: new Map() });
    }
    if (this.backlogs.size > 0 || this.tips.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private review(connection: Connection, backlog: Backlog, now: number): void {
    const { laggingBytes, laggingMs } = this.settings.realtime;
    const bytes = waitingBytes(engineOf(connection.socket));
    if (!connection.socket.connected) this.release(connection);
    else if (bytes <= laggingBytes / 4) {
      const wasLagging = connection.laggingSince !== 0;
      this.release(connection);
      if (wasLagging) this.say(connection, 'sync:hint', { reason: 'lagging' });
    } else if (bytes <= backlog.bytes - PROGRESS_BYTES) {
      backlog.bytes = bytes;
      backlog.since = now;
    } else if (now - backlog.since > laggingMs) {
      this.drop(connection, bytes, 'its client has taken nothing of what waits for it in REALTIME_LAGGING_MS');
    }
  }

  private release(connection: Connection): void {
    if (connection.laggingSince !== 0) counts.laggingSockets--;
    connection.laggingSince = 0;
    this.backlogs.delete(connection);
    connection.answerBytes = 0;
    connection.inbound?.resume();
    for (const listener of this.drained) listener(connection);
  }

  /** Ends the connection without waiting for what is not read; the client reconnects and syncs. */
  private drop(connection: Connection, bytes: number, why: string): void {
    this.backlogs.delete(connection);
    if (this.dropped.has(connection)) return;
    this.dropped.add(connection);
    if (connection.laggingSince !== 0) counts.laggingSockets--;
    // Nothing more is written while the transport closes.
    connection.laggingSince = performance.now();
    counts.laggingClosed++;
    const { userPk, sessionId } = connection.caller;
    this.logger.warn({ msg: `closed a socket: ${why}; it may come back and sync`, userPk, sessionId, bytes });
    connection.inbound?.end();
    const engine = engineOf(connection.socket);
    if (engine.transport.socket) engine.transport.socket.terminate();
    else engine.close(true);
  }
}
