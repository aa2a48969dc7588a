import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A WebSocket client that keeps no rule: it sends any bytes, and may stop reading. */
export class RawSocket {
  readonly texts: string[] = [];
  closed = false;
  private upgraded = false;
  private bytes = Buffer.alloc(0);

  private constructor(readonly tcp: Socket) {
    tcp.on('data', (chunk) => this.take(chunk));
    tcp.on('close', () => (this.closed = true));
    tcp.on('error', () => (this.closed = true));
  }

  /**
   * Opens Engine.IO over a WebSocket; a token, or all that the handshake brings, also connects the default namespace;
   * `from` is the client's own address.
   */
  static async open(port: number, auth?: string | object, from?: string): Promise<RawSocket> {
    const raw = new RawSocket(connect({ port, host: '127.0.0.1', ...(from && { localAddress: from }) }));
    raw.tcp.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
    );
    await raw.hears((text) => text.startsWith('0'));
    if (auth !== undefined) {
      raw.send(`40${JSON.stringify(typeof auth === 'string' ? { token: auth } : auth)}`);
      await raw.hears((text) => text.startsWith('40'));
    }
    return raw;
  }

  /** One masked text (1) or binary (2) frame. */
  send(text: string | Buffer, opcode = typeof text === 'string' ? 1 : 2): void {
    const body = Buffer.from(text);
    const mask = randomBytes(4);
    const head =
      body.length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | body.length])
        : body.length < 65_536
          ? Buffer.from([0x80 | opcode, 0x80 | 126, body.length >> 8, body.length & 255])
          : Buffer.from([
              0x80 | opcode,
              0x80 | 127,
              0,
              0,
              0,
              0,
              ...[24, 16, 8, 0].map((shift) => (body.length >>> shift) & 255),
            ]);
    for (let i = 0; i < body.length; i++) body[i] = body[i] ^ mask[i & 3];
    this.tcp.write(Buffer.concat([head, mask, body]));
  }

  async hears(wanted: (text: string) => boolean, ms = 10_000): Promise<string> {
    return this.waitFor(
      () => this.texts.find(wanted),
      `heard only ${JSON.stringify(this.texts.slice(-5)).slice(0, 500)}`,
      ms,
    );
  }

  async ends(ms = 10_000): Promise<void> {
    await this.waitFor(() => this.closed || undefined, 'still open', ms);
  }

  private async waitFor<T>(what: () => T | undefined, complaint: string, ms: number): Promise<T> {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = what();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(complaint);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    if (!this.upgraded) {
      const end = this.bytes.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.upgraded = true;
      this.bytes = this.bytes.subarray(end + 4);
    }
    for (;;) {
      if (this.bytes.length < 2) return;
      const opcode = this.bytes[0] & 15;
      const short = this.bytes[1] & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.bytes.length < head) return;
      const size =
        short < 126 ? short : short === 126 ? this.bytes.readUInt16BE(2) : Number(this.bytes.readBigUInt64BE(2));
      if (this.bytes.length < head + size) return;
      if (opcode === 1) this.texts.push(this.bytes.toString('utf8', head, head + size));
      if (opcode === 8) this.tcp.end();
      this.bytes = this.bytes.subarray(head + size);
    }
  }
}
