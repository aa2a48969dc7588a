import { Agent as PlainAgent, request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { retryAfterMs } from './retry-after';
import { assertPublicHost, publicLookup } from './public-address';

const ANSWER_BYTES_MAX = 64 * 1024;
const SOCKETS_MAX = 64;
const IDLE_SOCKETS_MAX = 8;

export interface OutboundOptions {
  /** Certificate authorities; undefined: Node's own. */
  ca?: string[];
  /** From the first byte asked to the last one answered. */
  timeoutMs: number;
}

export interface OutboundRequest {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** For a URL that a tenant gave: https on the public internet only, decided when it connects. */
  publicOnly?: boolean;
}

export interface OutboundAnswer {
  status: number;
  retryAfterMs?: number;
  body: string;
}

/** No answer: `code` tells what happened, in the network's word or in ours (`TIMEOUT`, `ANSWER_TOO_LARGE`, `INNER_ADDRESS`). */
export class OutboundError extends Error {
  constructor(
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`no answer: ${code}`, options);
    this.name = 'OutboundError';
  }
}

/**
 * Calls to the world outside: bounded in time and size, never redirected, connections kept. What leads into our own
 * network is reached only where the operator named it.
 */
export class OutboundHttp {
  private readonly named: { tls: TlsAgent; plain: PlainAgent };
  private readonly public: TlsAgent;

  constructor(private readonly options: OutboundOptions) {
    const kept = { keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: IDLE_SOCKETS_MAX };
    // Made once: reading a hundred authorities for every connection takes longer than the handshake.
    const tls = { ...kept, secureContext: createSecureContext({ ca: options.ca }) };
    this.named = { tls: new TlsAgent(tls), plain: new PlainAgent(kept) };
    this.public = new TlsAgent({ ...tls, lookup: publicLookup });
  }

  /** @throws OutboundError when there is no whole answer; a refusal is an answer */
  async post({ url, headers, body, publicOnly = false }: OutboundRequest): Promise<OutboundAnswer> {
    const signal = AbortSignal.timeout(this.options.timeoutMs);
    try {
      if (publicOnly) assertPublicHost(url);
      return await exchange(url, body, { ...this.route(url, publicOnly), method: 'POST', headers, signal });
    } catch (error) {
      if (error instanceof OutboundError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new OutboundError(signal.aborted ? 'TIMEOUT' : (code ?? 'NO_ANSWER'), { cause: error });
    }
  }

  close(): void {
    for (const agent of [this.public, this.named.tls, this.named.plain]) agent.destroy();
  }

  private route({ protocol }: URL, publicOnly: boolean): RequestOptions {
    if (publicOnly) {
      if (protocol !== 'https:') throw new OutboundError('NOT_HTTPS');
      return { agent: this.public };
    }
    return { agent: protocol === 'https:' ? this.named.tls : this.named.plain };
  }
}

function exchange(url: URL, body: string, options: RequestOptions): Promise<OutboundAnswer> {
  const start = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const call = start(url, options, (answer) => void read(answer).then(resolve, reject));
    call.on('error', reject);
    call.end(body);
  });
}

async function read(answer: IncomingMessage): Promise<OutboundAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the connection.
    if (bytes > ANSWER_BYTES_MAX) throw new OutboundError('ANSWER_TOO_LARGE');
    chunks.push(chunk);
  }
  const patience = retryAfterMs(answer.headers['retry-after']);
  return {
    status: answer.statusCode ?? 0,
    ...(patience !== undefined && { retryAfterMs: patience }),
    body: Buffer.concat(chunks).toString(),
  };
}
