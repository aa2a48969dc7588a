import { writeSync } from 'node:fs';

const STDOUT = 1;
const WAIT_MS = 5;
/** A reader that is slow is waited for this long a line; the server does not stand still for one that is stuck. */
const WAITS_MAX = 40;
const idle = new Int32Array(new SharedArrayBuffer(4));

/**
 * Where log lines go: standard output, written at once. What cannot be written (a file on a full disk, a pipe that nobody
 * reads) is dropped and counted, and the next line that can be written says so: no log is worth a server.
 */
export class LogSink {
  private lost = 0;

  constructor(private readonly fd: number = STDOUT) {}

  write(line: string): void {
    if (
      this.lost > 0 &&
      this.put(`${JSON.stringify({ level: 'warn', msg: 'log lines were lost', lost: this.lost })}\n`)
    ) {
      this.lost = 0;
    }
    if (!this.put(line)) this.lost++;
  }

  private put(line: string): boolean {
    const bytes = Buffer.from(line);
    for (let at = 0, waits = 0; at < bytes.length;) {
      try {
        at += writeSync(this.fd, bytes, at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waits++ >= WAITS_MAX) return false;
        Atomics.wait(idle, 0, 0, WAIT_MS);
      }
    }
    return true;
  }
}
