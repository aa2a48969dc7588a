import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestAuthority } from './certificates';
import { Records, Script, type Scripted, type Seen } from './script';

/** A request as the HTTPS vendors read it. */
export interface Asked {
  path: string;
  bearer: string;
  form: URLSearchParams;
  /** Undefined when it is no JSON. */
  json: unknown;
}

export interface Reply {
  status: number;
  body: unknown;
}

/** What a vendor makes of a notification: its record, and how it answers what the script says. */
export interface Judged {
  record: Pick<Seen, 'token' | 'headers' | 'body' | 'by'> & { collapseId?: string };
  /** The first thing that the vendor would not take. */
  refusal?: Scripted;
  answer: (scripted: Scripted, id: string) => Reply;
}

/** HTTPS with a script and a memory: what FCM and Huawei share. */
export abstract class VendorHttps {
  readonly script = new Script();
  readonly records: Records;
  private readonly connections = new Map<Socket, number>();
  private opened = 0;
  private server!: Server;
  url!: string;

  protected constructor(
    vendor: Seen['vendor'],
    private readonly authority: TestAuthority,
  ) {
    this.records = new Records(vendor);
  }

  async start(port = 0): Promise<this> {
    const { certificate, key } = this.authority.server();
    this.server = createServer({ cert: certificate, key }, (request, response) => this.hear(request, response));
    this.server.on('secureConnection', (socket: Socket) => {
      this.connections.set(socket, ++this.opened);
      socket.on('close', () => this.connections.delete(socket));
    });
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `https://localhost:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.connections.keys()) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  /** Where access tokens are had; answers `undefined` for every other path. */
  protected abstract authorise(asked: Asked): Reply | undefined;
  /** The token by which the script knows who asks for access. */
  protected abstract readonly oauthToken: string;
  /** A notification; undefined: no such path. */
  protected abstract judge(asked: Asked): Judged | undefined;

  private hear(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.answer(request, response, Buffer.concat(chunks).toString()));
  }

  private answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    const asked: Asked = {
      path: request.url ?? '',
      bearer: (request.headers.authorization ?? '').replace(/^Bearer /i, ''),
      form: new URLSearchParams(text),
      json: parsed(text),
    };
    const authorised = request.method === 'POST' ? this.authorise(asked) : undefined;
    if (authorised) {
      const scripted = this.script.next(this.oauthToken);
      const as = scripted.status === undefined ? authorised : { status: scripted.status, body: scripted.body ?? {} };
      return this.reply(response, scripted, as);
    }
    const judged = request.method === 'POST' ? this.judge(asked) : undefined;
    if (!judged) return this.reply(response, {}, { status: 404, body: { error: 'no such path' } });

    const scripted = judged.refusal ?? this.script.next(judged.record.token);
    const id = `${this.records.all.length + 1}`;
    const reply = judged.answer(scripted, id);
    const fine = reply.status === 200 && scripted.reason === undefined && scripted.body === undefined;
    this.records.add({
      ...judged.record,
      id,
      taken: scripted.drop ? scripted.takes === true : fine,
      status: scripted.drop ? 0 : reply.status,
      ...(scripted.reason !== undefined && { reason: scripted.reason }),
      connection: this.connections.get(request.socket) ?? 0,
    });
    this.reply(response, scripted, reply);
  }

  private reply(response: ServerResponse, { drop, delayMs = 0, retryAfter }: Scripted, { status, body }: Reply): void {
    if (drop === 'hang') return;
    if (drop) {
      response.socket?.destroy();
      return;
    }
    const send = (): void => {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
      });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (delayMs > 0) setTimeout(send, delayMs);
    else send();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
