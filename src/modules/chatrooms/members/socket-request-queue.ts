import type { Connection } from '../../../platform/realtime/connection';

/**
 * What one socket asks about one thing is done in the order in which it asked, though it does not wait for the answers:
 * who taps in and out again is out. Different things, and different sockets, do not wait for each other.
 */
export class SocketRequestQueue {
  /** The last that was asked and is not done, by socket and thing. */
  private readonly last = new Map<string, Promise<unknown>>();

  async do<T>(connection: Connection, thing: string, work: () => Promise<T>): Promise<T> {
    const key = `${connection.socket.id} ${thing}`;
    const before = this.last.get(key);
    const done = before ? before.then(work, work) : work();
    this.last.set(key, done);
    try {
      return await done;
    } finally {
      if (this.last.get(key) === done) this.last.delete(key);
    }
  }
}
