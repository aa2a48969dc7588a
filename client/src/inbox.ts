import type { WireConversation, WireMessage } from './catalogue';
import type { Clock } from './clock';
import { Reader, type LogMessage, type ReaderOptions, type ReaderPorts } from './reader';

export type InboxPorts = ReaderPorts;
export interface InboxOptions extends ReaderOptions {
  /** Instead of `catchUpLimit`, in rooms. */
  roomCatchUpLimit: number;
}

export const INBOX_DEFAULTS: InboxOptions = {
  gapWaitMs: 500,
  bufferMax: 200,
  pullLimit: 100,
  catchUpLimit: 10_000,
  roomCatchUpLimit: 1000,
};

/** At most so many pulls at once: a return after a weekend must not be a burst. */
const PULLS_MAX = 4;

export const isRoom = (conversationId: string): boolean => conversationId.startsWith('chatroom:');
const inLog = (message: WireMessage): message is LogMessage => message.seq !== undefined;

/** All conversations, each read in order by its `Reader`. Pure but for the ports and the clock it is given. */
export class Inbox {
  private readonly readers = new Map<string, Reader>();
  private held = true;
  private pulls = 0;
  private readonly queued: (() => void)[] = [];
  private readonly readerPorts: ReaderPorts;

  constructor(
    private readonly ports: InboxPorts,
    private readonly clock: Clock,
    private readonly options: InboxOptions = INBOX_DEFAULTS,
  ) {
    this.readerPorts = { ...ports, pull: (...args) => this.inTurn(() => this.ports.pull(...args)) };
  }

  /** Where an earlier run stopped. Nobody is in a room then. */
  restore(positions: Iterable<readonly [conversationId: string, have: number]>): void {
    for (const [conversationId, have] of positions) if (!isRoom(conversationId)) this.open(conversationId, have);
  }

  /** A message from any source; answers false for one that is in no log and must be shown at once. */
  offer(message: WireMessage): boolean {
    if (!inLog(message)) return false;
    this.reader(message.conversationId).offer(message);
    return true;
  }

  tip(conversationId: string, maxSeq: number): void {
    this.reader(conversationId).tip(maxSeq);
  }

  /** What `sync` says of a conversation. */
  learn({ conversationId, minSeq, maxSeq }: Pick<WireConversation, 'conversationId' | 'minSeq' | 'maxSeq'>): void {
    const reader = this.reader(conversationId);
    reader.floor(minSeq);
    reader.tip(maxSeq);
  }

  /** In a room (again), whose log ended there. */
  joined(conversationId: string, maxSeq: number): void {
    this.reader(conversationId).begin(maxSeq);
  }

  /** Out of a room: what has come of it and is not handed out yet is dropped. */
  left(conversationId: string): void {
    this.readers.get(conversationId)?.hold();
    this.readers.delete(conversationId);
  }

  /** Out of a room against one's will: what has come is still handed out, and what is missing told. */
  putOut(conversationId: string): void {
    const reader = this.readers.get(conversationId);
    this.readers.delete(conversationId);
    reader?.end();
  }

  /** Another store than before: these are its conversations with their ends; whatever is held beyond them is void. */
  rewind(ends: ReadonlyMap<string, number>): void {
    for (const [conversationId, reader] of this.readers) {
      if (!isRoom(conversationId)) reader.rewind(ends.get(conversationId) ?? 0);
    }
  }

  /** From the loss of the connection until `sync` has said where everything stands. */
  hold(): void {
    this.held = true;
    for (const reader of this.readers.values()) reader.hold();
  }

  release(): void {
    this.held = false;
    for (const reader of this.readers.values()) reader.release();
  }

  position(conversationId: string): number {
    return this.readers.get(conversationId)?.position ?? 0;
  }

  /** For `sync`: the conversations that moved last, at most `limit`. Rooms are joined, not synced. */
  positions(limit: number): [conversationId: string, have: number][] {
    return [...this.readers.values()]
      .filter(({ conversationId }) => !isRoom(conversationId))
      .slice(-limit)
      .map((reader) => [reader.conversationId, reader.position]);
  }

  private reader(conversationId: string): Reader {
    return this.readers.get(conversationId) ?? this.open(conversationId, isRoom(conversationId) ? undefined : 0);
  }

  private open(conversationId: string, have: number | undefined): Reader {
    const { roomCatchUpLimit, ...options } = this.options;
    if (isRoom(conversationId)) options.catchUpLimit = roomCatchUpLimit;
    const reader = new Reader(conversationId, have, this.readerPorts, options, this.clock);
    this.readers.set(conversationId, reader);
    if (!this.held) reader.release();
    return reader;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.pulls >= PULLS_MAX) await new Promise<void>((resolve) => this.queued.push(resolve));
    else this.pulls += 1;
    try {
      return await work();
    } finally {
      // The turn is handed over rather than given back, so that nobody slips in between.
      const next = this.queued.shift();
      if (next) next();
      else this.pulls -= 1;
    }
  }
}
