import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Intake } from './intake';
import type { Waiting } from './turns';

const SEPARATOR = '\u001e';
/** How long a client that does not poll is waited for to be told of the end, before and after it was let in. Milliseconds. */
const STRANGER_CLOSE_MS = 1000;
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
export function pacePolling(transport: PollingTransport, intake: Intake): void {
  const onRequest = transport.onRequest.bind(transport);
  transport.closeTimeout = STRANGER_CLOSE_MS;
  transport.onRequest = (request) => {
    if (intake.connection) transport.closeTimeout = CLOSE_MS;
    intake.charge();
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
    takeBody(transport, intake, request, response, () => (busy = false));
  };
}

/** Reads the body of a POST, as many bytes as a frame may have, and then its packets. */
function takeBody(
  transport: PollingTransport,
  intake: Intake,
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
    if (intake.ended) return;
    if (bytes <= intake.frameBytes) chunks.push(chunk);
    // Said before the answer, so that the client reads it before it sees that this was the end.
    else intake.close('TOO_LARGE');
  };
  const onEnd = (): void => {
    if (intake.ended) answer();
    else new Polled(transport, intake, Buffer.concat(chunks).toString(), answer).goOn();
  };
  response.on('close', onClose);
  request.on('data', onData);
  request.on('end', onEnd);
}

/** The packets of one POST, one after the other. */
class Polled implements Waiting {
  private at = 0;
  private visited = false;

  constructor(
    private readonly transport: PollingTransport,
    private readonly intake: Intake,
    private readonly text: string,
    private readonly done: () => void,
  ) {}

  goOn(): void {
    const { transport, intake, text } = this;
    if (this.visited) intake.visit();
    this.visited = true;
    while (this.at <= text.length && !intake.ended) {
      if (!intake.take()) {
        if (!intake.ended) return intake.wait(this);
        break;
      }
      const end = text.indexOf(SEPARATOR, this.at);
      const packet = transport.parser.decodePacket(text.slice(this.at, end === -1 ? undefined : end));
      intake.weigh(end === -1 ? text.length - this.at : end - this.at);
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
