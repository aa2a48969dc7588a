/**
 * The Socket.IO packet format (protocol 5), strict: what plain clients send and nothing else. Frames that the stock
 * parser lets through (ack ids of any length, namespaces of any length) throw here, which closes their sender's
 * connection and no other. It also spares the stock encoder's search for binary data in every answer.
 */
export const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4, BINARY_EVENT: 5 } as const;

interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

/** Clients count up from 0; ten digits outlast any connection. */
const ACK_ID_DIGITS_MAX = 10;
const NAMESPACE_LENGTH_MAX = 64;
/** Tries to join a namespace on one connection, refused ones included. */
const CONNECTS_MAX = 5;
const ATTACHMENTS_MAX = 10;
/** Socket.IO's own events: a client that names one is no client. */
const RESERVED = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']);

/** The name that an event begins with. */
const NAME = /^\[\s*"([^"\\]+)"/;
const NAME_MAX = 100;
/** A frame of this length costs its sender more than once, and parsing it is what most of that is for. Characters. */
const LARGE_LENGTH = 8192;

const ZERO = 48;
const isDigit = (code: number): boolean => code >= ZERO && code <= 57;

/**
 * The number of the acknowledgement that a client asked for, as the last argument of its event instead of Socket.IO's
 * function: the dispatcher answers with one frame of its own, and no closure is made for each event.
 */
export class AckId {
  constructor(readonly id: number) {}
}

/** Stands where the data of a frame would that is too large to be parsed: its sender is told so. */
export class Oversized {
  constructor(readonly bytes: number) {}
}

/** Stands where the data of a large event would, until its sender has paid for having it parsed. */
export class Unread {
  constructor(
    private readonly text: string,
    private readonly from: number,
  ) {}

  /**
   * @returns the arguments of the event, its name first
   * @throws NotAPacket where they are not JSON
   */
  read(): unknown[] {
    try {
      return JSON.parse(this.text.slice(this.from)) as unknown[];
    } catch (cause) {
      throw new NotAPacket('not JSON', { cause });
    }
  }
}

/** What no Socket.IO client sends: thrown to Socket.IO, which closes the connection. */
export class NotAPacket extends Error {}

export class Encoder {
  encode(packet: Packet): [string] {
    let text = packet.nsp === '/' ? `${packet.type}` : `${packet.type}${packet.nsp},`;
    if (packet.id !== undefined) text += packet.id;
    if (packet.data !== undefined) text += JSON.stringify(packet.data);
    return [text];
  }
}

/** Takes the arguments of an event, its name first; last an AckId where its sender wants an answer; and their text. */
export type EventSink<S> = (socket: S, args: unknown[], source?: string) => void;

/** One a connection. Emits `decoded` to the one listener that Socket.IO sets. */
export class Decoder<S = unknown> {
  private socket: S | undefined;
  private sink: EventSink<S> | undefined;
  private listener: ((packet: Packet) => void) | undefined;
  private connects = 0;
  private bytesMax = Infinity;
  /** A binary event whose attachments are still to come. */
  private binary: { packet: Packet; missing: number } | undefined;

  /**
   * From here on events of this socket of the default namespace go straight to `sink`, past Socket.IO's ticks, listeners
   * and middleware, of which we use none; until its client says goodbye. One of more than `bytesMax` is not parsed, and
   * a large one is left to `sink` to parse.
   */
  hand(socket: S, sink: EventSink<S>, bytesMax = Infinity): void {
    this.socket = socket;
    this.sink = sink;
    this.bytesMax = bytesMax;
  }

  on(_event: 'decoded', listener: (packet: Packet) => void): void {
    this.listener = listener;
  }

  removeListener(): void {
    this.listener = undefined;
    this.release();
  }

  destroy(): void {
    this.binary = undefined;
  }

  add(chunk: unknown): void {
    if (typeof chunk !== 'string') return this.attachment();
    if (this.binary) throw new NotAPacket('text while attachments are missing');
    const packet = this.parse(chunk);
    if (!this.binary) this.pass(packet, chunk);
  }

  private pass(packet: Packet, source?: string): void {
    const { socket, sink } = this;
    if (socket && sink && packet.type === PacketType.EVENT && packet.nsp === '/') {
      sink(socket, packet.data as unknown[], source);
      return;
    }
    if (packet.type === PacketType.DISCONNECT) this.release();
    this.listener?.(packet);
  }

  private release(): void {
    this.socket = undefined;
    this.sink = undefined;
  }

  private attachment(): void {
    if (!this.binary) throw new NotAPacket('an attachment of nothing');
    if (--this.binary.missing > 0) return;
    const { packet } = this.binary;
    this.binary = undefined;
    this.pass(packet);
  }

  private parse(text: string): Packet {
    const type = text.charCodeAt(0) - ZERO;
    let at = 1;
    let attachments = 0;
    if (type === PacketType.BINARY_EVENT) {
      at = text.indexOf('-', 1) + 1;
      attachments = Number(text.slice(1, at - 1));
      if (!(Number.isInteger(attachments) && attachments >= 1 && attachments <= ATTACHMENTS_MAX)) {
        throw new NotAPacket('bad attachments');
      }
    }
    let nsp = '/';
    if (text[at] === '/') {
      const comma = text.indexOf(',', at);
      nsp = text.slice(at, comma === -1 ? undefined : comma);
      if (nsp.length > NAMESPACE_LENGTH_MAX) throw new NotAPacket('namespace too long');
      at = comma === -1 ? text.length : comma + 1;
    }
    let end = at;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - at > ACK_ID_DIGITS_MAX) throw new NotAPacket('ack id too long');
    const id = end > at ? Number(text.slice(at, end)) : undefined;
    const data: unknown = end < text.length ? this.read(text, type, end) : undefined;
    return this.checked(type, attachments, { type, nsp, id, data });
  }

  private read(text: string, type: number, from: number): unknown {
    // Every UTF-16 unit takes at least one byte, and at most three.
    if (text.length * 3 > this.bytesMax && type === PacketType.EVENT) {
      const bytes = Buffer.byteLength(text) - from;
      if (bytes > this.bytesMax) return [nameAt(text, from), new Oversized(bytes)];
    }
    if (this.sink && text.length >= LARGE_LENGTH) return this.unread(text, type, from);
    return JSON.parse(text.slice(from));
  }

  private unread(text: string, type: number, from: number): unknown[] {
    if (type === PacketType.EVENT) return [nameAt(text, from), new Unread(text, from)];
    // Refused whatever its data says.
    if (type === PacketType.BINARY_EVENT) return [nameAt(text, from)];
    throw new NotAPacket('nothing else is that large');
  }

  /** What each type must carry; anything else is no Socket.IO client. */
  private checked(type: number, attachments: number, packet: Packet): Packet {
    const { data } = packet;
    switch (type) {
      case PacketType.CONNECT:
        if (++this.connects > CONNECTS_MAX) throw new NotAPacket('too many connects');
        if (data === undefined || (typeof data === 'object' && data !== null && !Array.isArray(data))) return packet;
        break;
      case PacketType.DISCONNECT:
        if (data === undefined) return packet;
        break;
      case PacketType.EVENT:
      case PacketType.BINARY_EVENT:
        if (!Array.isArray(data) || !isEventName(data[0])) break;
        if (type === PacketType.EVENT) return numbered(packet, data);
        // No event of ours carries binary data: it reaches the dispatcher as what it refuses, so that its answer says so.
        this.binary = {
          packet: numbered({ ...packet, type: PacketType.EVENT }, [data[0], null]),
          missing: attachments,
        };
        return packet;
      case PacketType.ACK:
        if (Array.isArray(data)) return packet;
        break;
    }
    throw new NotAPacket('not a packet');
  }
}

/** Empty where it is written as no client of ours writes it: no event has that name. */
const nameAt = (text: string, from: number): string => NAME.exec(text.slice(from, from + NAME_MAX))?.[1] ?? '';

/** Moves the ack id from the packet to its arguments. */
function numbered({ type, nsp, id }: Packet, args: unknown[]): Packet {
  if (id !== undefined) args.push(new AckId(id));
  return { type, nsp, data: args };
}

const isEventName = (name: unknown): boolean =>
  typeof name === 'number' || (typeof name === 'string' && !RESERVED.has(name));
