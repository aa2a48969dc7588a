import { Injectable } from '@nestjs/common';
import type { ServerEvents } from '../../kernel/contracts/socket-events';
import type { Connection } from './connection';
import { Connections } from './connections';
import { frameOf } from './frame';
import { counts } from './metrics';
import { Outbound } from './outbound';
import { type Pass, Passes } from './passes';
import { Present } from './present';
import { Round } from './round';

/** An encoded event and the users who are to hear it. */
export interface Delivery {
  readonly appPk: number;
  readonly userPks: readonly number[];
  readonly event: string;
  readonly json: string;
  readonly exceptSocketId?: string;
  /** What is said instead where too much waits; absent for what no log can give again. */
  readonly tip?: ServerEvents['conversation:tip'];
  /** Called when all sockets of this node have it. */
  readonly onWritten?: () => void;
}

/** So few are written to at once; more take their turns with everybody else's (`Passes`). */
const AT_ONCE_MAX = 64;

/**
 * What one conversation may have waiting on this node (protocol.md §2.4, the delivery budget). Beyond it, its hearers are
 * told where its log ends, once a second, and pull: thousands of members times hundreds of messages a second would take
 * the node from everybody else. Characters.
 */
const WAITING_CHARS_MAX = 64 * 1024;

/** Events of one stream, a conversation, reach every socket in the order in which they were given. */
@Injectable()
export class FanOut {
  private readonly streams = new Map<number, Stream>();

  constructor(
    private readonly passes: Passes,
    private readonly outbound: Outbound,
    private readonly connections: Connections,
    private readonly present: Present,
  ) {}

  /** To the sockets of this node. */
  deliver(delivery: Delivery, stream?: number): void {
    const underWay = stream === undefined ? undefined : this.streams.get(stream);
    if (underWay) underWay.add(delivery);
    else if (delivery.userPks.length <= AT_ONCE_MAX) this.writeNow(delivery);
    else this.begin(delivery, stream);
  }

  private writeNow(delivery: Delivery): void {
    const { appPk, userPks, event, json, exceptSocketId, onWritten } = delivery;
    const tip = tipOf(delivery);
    let frame: ReturnType<typeof frameOf> | undefined;
    for (const userPk of userPks) {
      for (const connection of this.connections.ofUser(userPk)) {
        if (connection.caller.app.pk !== appPk || connection.socket.id === exceptSocketId) continue;
        if (tip) this.outbound.tip(connection, tip.conversationId, tip.maxSeq);
        else this.outbound.write(connection, (frame ??= frameOf(event, json)));
      }
    }
    onWritten?.();
  }

  private begin(delivery: Delivery, id?: number): void {
    const stream = new Stream(this.outbound, this.connections, this.present, () => {
      if (id !== undefined) this.streams.delete(id);
    });
    stream.add(delivery);
    if (id !== undefined) this.streams.set(id, stream);
    this.passes.begin(stream);
  }
}

/** Deliveries in a row to the same users: one round over their sockets. */
interface Run {
  readonly appPk: number;
  readonly users: Iterator<number>;
  readonly write: (connection: Connection) => void;
  readonly deliveries: readonly Delivery[];
}

/** What one conversation has to say at the moment. */
class Stream implements Pass {
  private waiting: Delivery[] = [];
  private waitingChars = 0;
  private run: Run | undefined;

  constructor(
    private readonly outbound: Outbound,
    private readonly connections: Connections,
    private readonly present: Present,
    private readonly end: () => void,
  ) {}

  add(delivery: Delivery): void {
    this.waiting.push(delivery);
    this.waitingChars += delivery.json.length;
    if (this.waitingChars > WAITING_CHARS_MAX) this.fold();
  }

  /** What the log can give again becomes one tip, to those who hear its end. */
  private fold(): void {
    const folded = this.waiting.filter(({ tip }) => tip);
    const last = folded.at(-1);
    if (!last?.tip) return;
    const { appPk, userPks, tip } = last;
    const onWritten = (): void => folded.forEach((each) => each.onWritten?.());
    const instead = { appPk, userPks, event: 'conversation:tip', json: JSON.stringify(tip), tip, onWritten };
    this.waiting = [...this.waiting.filter(({ tip: foldable }) => !foldable), instead];
    this.waitingChars = this.waiting.reduce((sum, { json }) => sum + json.length, 0);
    counts.liveMessagesFolded += folded.length;
  }

  proceed(sockets: number): boolean {
    for (let left = sockets; left > 0;) {
      this.run ??= this.nextRun();
      if (!this.run) {
        this.end();
        return true;
      }
      const { users, appPk, write, deliveries } = this.run;
      const next = users.next();
      if (next.done) {
        for (const { onWritten } of deliveries) onWritten?.();
        this.run = undefined;
        continue;
      }
      left--;
      for (const connection of this.connections.ofUser(next.value)) {
        if (connection.caller.app.pk === appPk) write(connection);
      }
    }
    return false;
  }

  private nextRun(): Run | undefined {
    const [first] = this.waiting;
    if (!first) return undefined;
    const { appPk, userPks, exceptSocketId } = first;
    const tip = tipOf(first);
    const isAnother = (next: Delivery): boolean =>
      next.userPks !== userPks || next.appPk !== appPk || tipOf(next) !== undefined;
    const others = tip ? 1 : this.waiting.findIndex(isAnother);
    const deliveries = this.waiting.splice(0, others === -1 ? this.waiting.length : others);
    this.waitingChars = this.waiting.reduce((sum, { json }) => sum + json.length, 0);
    const users = this.present.of(userPks)[Symbol.iterator]();
    if (tip) {
      const write = (connection: Connection): void => {
        if (connection.socket.id !== exceptSocketId) this.outbound.tip(connection, tip.conversationId, tip.maxSeq);
      };
      return { appPk, users, write, deliveries };
    }
    const round = new Round(
      deliveries.map((each) => ({ frame: frameOf(each.event, each.json), except: each.exceptSocketId })),
      this.outbound,
    );
    return { appPk, users, write: (connection) => round.writeTo(connection), deliveries };
  }
}

/** Tips are held back, so that a socket hears one a second. */
const tipOf = ({ event, json }: Delivery): ServerEvents['conversation:tip'] | undefined =>
  event === 'conversation:tip' ? (JSON.parse(json) as ServerEvents['conversation:tip']) : undefined;
