import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InboundFlow } from './inbound-flow';
import type { DeferredFrames } from './loop-turns';

const SEPARATOR = '\u001e';
/** How long a client that does not poll is waited for to be told of the end, before and after a session is bound. Milliseconds. */
const UNAUTHENTICATED_CLOSE_MS = 1000;
const CLOSE_MS = 10_000;

interface Packet {
  type: string;
}

/** Engine.IO's polling transport, as far as we look into it. */
export interface PollingTransport {
  closeTimeout: number;
  readonly parser: { decodePacket(text: string): Packet };
  onRequest(request: IncomingMessage & { res?: ServerResponse | null }): void;
  onDataRequest(request: IncomingMessage, response: ServerResponse): void;
  onPacket(packet: Packet): void;
  onClose(): void;
  onError(message: string): void;
  headers(request: IncomingMessage, headers: Record<string, string>): Record<string, string>;
}

/**
 * Takes a polling transport's packets in turns. A POST is answered when its last packet has been read; a second one before
 * that ends the transport, as in Engine.IO.
 */
export function pacePolling(transport: PollingTransport, inbound: InboundFlow): void {
  const onRequest = transport.onRequest.bind(transport);
  transport.closeTimeout = UNAUTHENTICATED_CLOSE_MS;
  transport.onRequest = (request) => {
    if (inbound.connection) transport.closeTimeout = CLOSE_MS;
    inbound.charge();
    onRequest(request);
  };
  let busy = false;
  transport.onDataRequest = (request, response) => {
    const problem = busy
      ? 'data request overlap from client'
      : request.headers['content-type'] === 'application/octet-stream' && 'invalid content';
    if (problem) {
      transport.onError(problem);
      response.writeHead(400).end();
      return;
    }
    busy = true;
    takeBody(transport, inbound, request, response, () => (busy = false));
  };
}

/** Reads the body of a POST, as many bytes as a frame may have, and then its packets. */
function takeBody(
  transport: PollingTransport,
  inbound: InboundFlow,
  request: IncomingMessage,
  response: ServerResponse,
  done: () => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const over = (): void => {
    request.removeListener('data', onData);
    request.removeListener('end', onEnd);
    response.removeListener('close', onClose);
    done();
  };
  const answer = (): void => {
    over();
    response.writeHead(200, transport.headers(request, { 'content-type': 'text/html', 'content-length': '2' }));
    response.end('ok');
  };
  const onClose = (): void => {
    over();
    transport.onError('data request connection closed prematurely');
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (inbound.ended) return;
    if (bytes <= inbound.frameBytes) chunks.push(chunk);
    // Said before the answer, so that the client reads it before it sees that this was the end.
    else inbound.close('TOO_LARGE');
  };
  const onEnd = (): void => {
    if (inbound.ended) answer();
    else new PolledPackets(transport, inbound, Buffer.concat(chunks).toString(), answer).continueReading();
  };
  response.on('close', onClose);
  request.on('data', onData);
  request.on('end', onEnd);
}

/** The packets of one POST, one after the other. */
class PolledPackets implements DeferredFrames {
  private at = 0;
  private resumed = false;

  constructor(
    private readonly transport: PollingTransport,
    private readonly inbound: InboundFlow,
    private readonly text: string,
    private readonly done: () => void,
  ) {}

  continueReading(): void {
    const { transport, inbound, text } = this;
    if (this.resumed) inbound.beginResume();
    this.resumed = true;
    while (this.at <= text.length && !inbound.ended) {
      if (!inbound.accept()) {
        if (!inbound.ended) return inbound.defer(this);
        break;
      }
      const end = text.indexOf(SEPARATOR, this.at);
      const packet = transport.parser.decodePacket(text.slice(this.at, end === -1 ? undefined : end));
      inbound.weigh(end === -1 ? text.length - this.at : end - this.at);
      this.at = end === -1 ? text.length + 1 : end + 1;
      if (packet.type === 'close') {
        transport.onClose();
        break;
      }
      transport.onPacket(packet);
      if (packet.type === 'error') break;
    }
    this.done();
  }
}
