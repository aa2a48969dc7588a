import type { HttpSettings } from '../../../config/settings';
import { countEnded, type EndedBecause } from './ended-connections';
import type { OpenConnection } from './open-connection';
import { Tally } from './tally';

/** What an address, and what all connections together may leave unread, as multiples of what one may. */
const OF_ADDRESS = 16;
const OF_ALL = 64;

/** Ends connections that do not read what they asked for, before their answers fill this process. */
export class UnreadAnswers {
  constructor(private readonly http: HttpSettings) {}

  /** @param connections those that wait for something @param now of `performance.now()` */
  sweep(connections: Iterable<OpenConnection>, now: number): void {
    const held = new Tally();
    const unread: { connection: OpenConnection; bytes: number }[] = [];
    for (const connection of connections) {
      const bytes = connection.unreadBytes;
      if (bytes === 0) connection.idle();
      else if (connection.stuckMs(now) > this.http.answerTimeoutMs) end(connection, 'stuck');
      else {
        unread.push({ connection, bytes });
        held.add(connection.address, bytes);
      }
    }
    this.shed(unread, held);
  }

  /** Whoever holds the most goes first: a client that reads holds next to nothing. */
  private shed(unread: { connection: OpenConnection; bytes: number }[], held: Tally): void {
    const { unreadBytes, trustProxy } = this.http;
    unread.sort((a, b) => b.bytes - a.bytes);
    for (const { connection, bytes } of unread) {
      const { address } = connection;
      // Behind proxies one address is everybody's.
      const ofAddress = trustProxy === 0 && held.of(address) > unreadBytes * OF_ADDRESS;
      if (!ofAddress && held.total <= unreadBytes * OF_ALL) continue;
      end(connection, 'unread');
      held.add(address, -bytes);
    }
  }
}

function end(connection: OpenConnection, reason: EndedBecause): void {
  countEnded(reason);
  connection.end();
}
