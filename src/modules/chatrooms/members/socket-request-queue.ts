import type { Connection } from '../../../platform/realtime/connection';

/**
 * Runs a socket's requests about one room in the order in which they were sent, even when the client does not wait for the
 * answers: a quick join and leave ends outside. Requests of other sockets or about other rooms run in parallel.
 */
export class SocketRequestQueue {
  /** The last unfinished request, by socket and key. */
  private readonly last = new Map<string, Promise<unknown>>();

  async run<T>(connection: Connection, key: string, work: () => Promise<T>): Promise<T> {
    const queue = `${connection.socket.id} ${key}`;
    const before = this.last.get(queue);
    const done = before ? before.then(work, work) : work();
    this.last.set(queue, done);
    try {
      return await done;
    } finally {
      if (this.last.get(queue) === done) this.last.delete(queue);
    }
  }
}
