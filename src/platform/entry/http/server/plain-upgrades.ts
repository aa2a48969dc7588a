import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** The headers with which a client offers to change the protocol; without them it is an ordinary request. */
const OFFER = new Set(['upgrade', 'http2-settings']);

/**
 * Answers a request as HTTP/1.1 whose client would also speak another protocol, as Java's HttpClient does in every first
 * request (`Upgrade: h2c`): a server may ignore such an offer (RFC 9110 §7.8). Node has let go of the connection by then,
 * so that it is given back to the server as a new one which begins with the same request.
 */
export function answerAsPlain(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  // An answer to an earlier request is still under way on it, and would get mixed up with this one.
  if ((socket as Socket & { _httpMessage?: unknown })._httpMessage) {
    socket.destroy();
    return;
  }
  socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]));
  server.emit('connection', socket);
}

/** The request's head as it came, less the offer. Node has checked names and values: none has a line break. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (OFFER.has(name.toLowerCase())) continue;
    const value = rawHeaders[at + 1];
    text += `${name}: ${name.toLowerCase() === 'connection' ? withoutOffer(value) : value}\r\n`;
  }
  return `${text}\r\n`;
}

const withoutOffer = (connection: string): string => {
  const left = connection.split(',').filter((one) => !OFFER.has(one.trim().toLowerCase()));
  return left.join(',').trim() || 'keep-alive';
};
