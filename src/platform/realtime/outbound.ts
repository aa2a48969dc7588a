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

/**
 * Writes events to this node's sockets, each bounded: a client that does not read loses live frames, then its
 * connection, and never costs more memory than `disconnectBytes` (protocol.md §2.10). Dropping is legal: clients pull.
 */
@Injectable()
export class Outbound implements OnApplicationShutdown {
  private readonly logger = new Logger(Outbound.name);
  private readonly lagging = new Set<Connection>();
  private readonly dropped = new WeakSet<Connection>();
  private readonly tips = new Map<Connection, { due: number; waiting: Map<string, number> }>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly settings: Settings) {}

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
    if (waitingBytes(engine) > this.settings.realtime.laggingBytes) this.hold(connection);
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
    if (waitingBytes(engine) > this.settings.realtime.laggingBytes) this.hold(connection);
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

  /** What a client's acknowledgement hears. Answers count like events do. */
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
    if (bytes > disconnectBytes) this.drop(connection, bytes);
    else if (connection.laggingSince === 0) this.hold(connection);
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeper);
  }

  private hold(connection: Connection): void {
    connection.laggingSince = performance.now();
    this.lagging.add(connection);
    counts.laggingSockets++;
    this.watchOver();
  }

  private watchOver(): void {
    this.sweeper ??= setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  private sweep(now: number): void {
    for (const connection of this.lagging) this.review(connection, now);
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
    if (this.lagging.size > 0 || this.tips.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private review(connection: Connection, now: number): void {
    const { laggingBytes, disconnectBytes, laggingMs } = this.settings.realtime;
    const bytes = waitingBytes(engineOf(connection.socket));
    if (!connection.socket.connected) this.release(connection);
    else if (bytes > disconnectBytes || now - connection.laggingSince > laggingMs) this.drop(connection, bytes);
    else if (bytes <= laggingBytes / 4) {
      this.release(connection);
      connection.laggingSince = 0;
      this.say(connection, 'sync:hint', { reason: 'lagging' });
    }
  }

  private release(connection: Connection): void {
    if (this.lagging.delete(connection)) counts.laggingSockets--;
  }

  /** Ends the connection without waiting for what it will not read; the client reconnects and syncs. */
  private drop(connection: Connection, bytes: number): void {
    this.release(connection);
    if (this.dropped.has(connection)) return;
    this.dropped.add(connection);
    // Nothing more is written while the transport closes.
    if (connection.laggingSince === 0) connection.laggingSince = performance.now();
    counts.laggingClosed++;
    const { userPk, sessionId } = connection.caller;
    this.logger.warn({ msg: 'SLOW_CONSUMER: closed a socket that does not read', userPk, sessionId, bytes });
    const engine = engineOf(connection.socket);
    if (engine.transport.socket) engine.transport.socket.terminate();
    else engine.close(true);
  }
}
