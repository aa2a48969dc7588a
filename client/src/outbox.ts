import type { SendCommand, SentMessage } from './catalogue';
import type { Clock } from './clock';
import { isAboutTheLogin, ParleyError } from './errors';
import type { Gate } from './gate';
import type { Drawer } from './storage';

export interface OutboxPorts {
  /** One attempt: resolves when acknowledged, rejects with a ParleyError. */
  send(command: SendCommand): Promise<SentMessage>;
  /** Acknowledged, now or by an earlier attempt. */
  sent(message: SentMessage): void;
  /** Definitely refused and given up. */
  refused(command: SendCommand, error: ParleyError): void;
  /** What waits is more or less than before. */
  changed(): void;
}

interface Entry {
  /** Its key in the drawer; keys sort in the order of sending. */
  readonly key: string;
  readonly command: SendCommand;
  readonly outcome: Promise<SentMessage>;
  readonly resolve: (message: SentMessage) => void;
  readonly reject: (error: ParleyError) => void;
  /** Why it could not be kept, if it could not. */
  stored: Promise<ParleyError | undefined> | ParleyError | undefined;
  acknowledged?: { conversationId: string; at: number };
}

/** What the drawer keeps of an entry. */
type Kept = Pick<Entry, 'command' | 'acknowledged'>;

const RETRY = { firstMs: 1000, mostMs: 30_000 };
/** Acknowledged sends are remembered, so that they can be offered again to a store that was restored without them. */
const REMEMBERED_MAX = 200;
const REMEMBERED_MS = 24 * 3600 * 1000;

/** Undefined for what was cut short: it had never been told to be kept. */
function parse(value: string): Partial<Kept> | undefined {
  try {
    return JSON.parse(value) as Kept;
  } catch {
    return undefined;
  }
}

const laneOf = ({ to }: SendCommand) => `${to.kind}:${to.id}`;

/**
 * The durable outbound queue (protocol.md §2.3). A message is stored before it is first sent, keeps its id through every
 * attempt and every restart, and leaves only when acknowledged or definitely refused. Each conversation is a lane in
 * which the next message waits for the one before, so a retry cannot overtake.
 */
export class Outbox {
  private readonly lanes = new Map<string, Entry[]>();
  private readonly byId = new Map<string, Entry>();
  private readonly remembered: Entry[] = [];
  private lastKey = 0;

  constructor(
    private readonly ports: OutboxPorts,
    /** Open while the server can be called. */
    private readonly gate: Gate,
    private readonly drawer: Drawer,
    private readonly clock: Clock,
  ) {}

  /** What an earlier run left, in key order; goes before anything that is sent from now on. */
  restore(kept: Iterable<readonly [key: string, value: string]>): void {
    for (const [key, value] of kept) {
      const { command, acknowledged } = parse(value) ?? {};
      if (!command) continue;
      const entry = this.entry(key, command);
      this.lastKey = Math.max(this.lastKey, Number.parseInt(key, 10));
      if (acknowledged) this.remembered.push({ ...entry, acknowledged });
      else this.enqueue(laneOf(command), [entry]);
    }
    this.forgetOld();
  }

  /**
   * What another client left that is gone, in key order: sent under the same ids, so that it does no harm if that client
   * had sent some of it. Answers whether all of it is kept here now.
   */
  async adopt(kept: Iterable<readonly [key: string, value: string]>): Promise<boolean> {
    const adopted: Entry[] = [];
    for (const [, value] of kept) {
      const { command, acknowledged } = parse(value) ?? {};
      if (!command || this.byId.has(command.clientMessageId)) continue;
      const entry = { ...this.entry(this.nextKey(command), command), acknowledged };
      adopted.push(entry);
      if (acknowledged) this.remembered.push(entry);
      else this.enqueue(laneOf(command), [entry]);
    }
    const failures = await Promise.all(adopted.map(async (entry) => this.firstKept(entry)));
    return failures.every((failure) => failure === undefined);
  }

  /** Resolves when acknowledged, however long that takes. The same id again is the same message. */
  send(command: SendCommand): Promise<SentMessage> {
    const known = this.byId.get(command.clientMessageId);
    if (known) return known.outcome;
    const entry = this.entry(this.nextKey(command), command);
    entry.stored = this.firstKept(entry);
    this.enqueue(laneOf(command), [entry]);
    return entry.outcome;
  }

  /** Oldest first in each conversation. */
  get pending(): SendCommand[] {
    return [...this.byId.values()].map(({ command }) => command);
  }

  /**
   * The store was restored: what it acknowledged lately may have fallen away, so all of it is offered again, ahead of
   * what waits. Ids make that harmless for what survived.
   */
  reoffer(): void {
    this.forgetOld();
    const again = new Map<string, Entry[]>();
    for (const { key, command } of this.remembered.splice(0)) {
      if (this.byId.has(command.clientMessageId)) continue;
      const lane = laneOf(command);
      again.set(lane, [...(again.get(lane) ?? []), this.entry(key, command)]);
    }
    for (const [lane, entries] of again) this.enqueue(lane, entries, 'first');
  }

  /** Sorts in the order of sending, and is never another client's that shares the drawer for a while. */
  private nextKey({ clientMessageId }: SendCommand): string {
    this.lastKey += 1;
    return `${String(this.lastKey).padStart(12, '0')}-${clientMessageId}`;
  }

  private entry(key: string, command: SendCommand): Entry {
    let settle: Pick<Entry, 'resolve' | 'reject'> | undefined;
    const outcome = new Promise<SentMessage>((resolve, reject) => (settle = { resolve, reject }));
    // Nobody may be listening, as after a restart; `refused` tells it then.
    outcome.catch(() => undefined);
    return { key, command, outcome, stored: undefined, ...(settle as Pick<Entry, 'resolve' | 'reject'>) };
  }

  private enqueue(name: string, entries: Entry[], where: 'first' | 'last' = 'last'): void {
    for (const entry of entries) this.byId.set(entry.command.clientMessageId, entry);
    this.ports.changed();
    const lane = this.lanes.get(name);
    if (!lane) {
      this.lanes.set(name, entries);
      void this.drive(name, entries);
      // Never before the head: it may be under way.
    } else if (where === 'first') lane.splice(1, 0, ...entries);
    else lane.push(...entries);
  }

  private async drive(name: string, lane: Entry[]): Promise<void> {
    for (let head = lane[0]; head; head = lane[0]) {
      await this.settle(head);
      lane.shift();
    }
    this.lanes.delete(name);
  }

  private async settle(entry: Entry): Promise<void> {
    try {
      const unstored = await entry.stored;
      if (unstored) throw unstored;
      const message = await this.attempts(entry);
      this.settled(entry);
      this.ports.sent(message);
      entry.resolve(message);
      entry.acknowledged = { conversationId: message.conversationId, at: this.clock.now() };
      await this.remember(entry);
    } catch (thrown) {
      const error = ParleyError.of(thrown);
      this.settled(entry);
      entry.reject(error);
      this.ports.refused(entry.command, error);
      await this.attend(() => this.drawer.delete(entry.key));
    }
  }

  private settled({ command }: Entry): void {
    this.byId.delete(command.clientMessageId);
    this.ports.changed();
  }

  /** Undefined once kept, else a promise that never rejects: it is looked at when the entry's turn comes. */
  private firstKept(entry: Entry): Entry['stored'] {
    const refused = (cause: unknown) =>
      new ParleyError('STORAGE_FAILED', 'The message could not be kept on this device.', { cause });
    try {
      return this.keep(entry)?.then(() => undefined, refused);
    } catch (cause) {
      return refused(cause);
    }
  }

  private async attempts({ command }: Entry): Promise<SentMessage> {
    for (let attempt = 0; ; attempt += 1) {
      await this.gate.whenOpen();
      try {
        return await this.ports.send(command);
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        if (error.definite && !isAboutTheLogin(error)) throw error;
        await this.gate.pauseAfter(error, attempt, RETRY, this.clock);
      }
    }
  }

  private async remember(entry: Entry): Promise<void> {
    this.remembered.push(entry);
    this.forgetOld();
    await this.attend(() => this.keep(entry));
  }

  private forgetOld(): void {
    const oldest = this.clock.now() - REMEMBERED_MS;
    while (
      this.remembered.length > REMEMBERED_MAX ||
      (this.remembered[0]?.acknowledged && this.remembered[0].acknowledged.at < oldest)
    ) {
      const entry = this.remembered.shift();
      if (entry) void this.attend(() => this.drawer.delete(entry.key));
    }
  }

  private keep({ key, command, acknowledged }: Entry): Promise<void> | void {
    return this.drawer.set(key, JSON.stringify({ command, acknowledged } satisfies Kept));
  }

  /** A note that could not be written costs a repetition under the same id after a restart, which is harmless. */
  private async attend(write: () => Promise<void> | void): Promise<void> {
    try {
      await write();
    } catch (thrown) {
      console.warn('parley: the device storage failed', thrown);
    }
  }
}
