import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { countEnded } from './ended-connections';

/** Pieces of a chunked body that may be of any size: clients flush when they like. */
const PIECES_FREE = 256;
/** What more of them must have on average, however reads cut them. Bytes. */
const BYTES_LEAST = 32;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the request
const { push } = Readable.prototype;

/**
 * Ends a connection whose body comes in pieces of a few bytes: Node hands each one on by itself, so that 64 KB of them,
 * read at once, keep everybody else waiting for tens of milliseconds.
 */
export function countPieces(request: IncomingMessage, end: () => void): void {
  let pieces = 0;
  let bytes = 0;
  let ended = false;
  request.push = function counted(this: IncomingMessage, piece: Buffer | null): boolean {
    // The parser goes on to the end of what was read.
    if (ended) return false;
    if (piece !== null) {
      pieces++;
      bytes += piece.length;
      if (pieces > PIECES_FREE && bytes < pieces * BYTES_LEAST) {
        ended = true;
        countEnded('small-pieces');
        end();
        return false;
      }
    }
    return push.call(this, piece);
  };
}
