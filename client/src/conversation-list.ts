import type { ServerEvents, UserEvent, WireConversation, WireMessage } from './catalogue';
import type { Clock, Timer } from './clock';
import { ParleyError } from './errors';
import type { Gate } from './gate';
import { isRoom } from './inbox';
import type { Skipped } from './reader';

export interface ConversationListPorts {
  /** The line as the server has it now. @throws ParleyError CONVERSATION_NOT_FOUND and others */
  read(conversationId: string): Promise<WireConversation>;
  /** A line is new or has changed. */
  changed(conversation: WireConversation): void;
  /** Whether anybody wants to hear of it: without, nothing is read. */
  isHeard(): boolean;
  /** This client's user, where it is known. */
  userId(): string | undefined;
}

interface Line {
  conversation: WireConversation;
  /** The `unread` that the server told is about messages up to here … */
  toldUpTo: number;
  /** … and these came since, and count. */
  readonly counted: number[];
}

/** Lines that change within so long are told together, each once. */
const GATHER_MS = 100;
/** Lines are read from the server within so long, at random: a message to many is no reason for all to ask at once. */
const READ_WITHIN_MS = 1000;
const READS_MAX = 4;
const RETRY = { firstMs: 1000, mostMs: 30_000 };
/** Beyond this many counted messages it is cheaper to ask where the count stands after a read mark. */
const COUNTED_MAX = 1000;

/**
 * The lines of the conversation list that have been told here, kept current by what is delivered: last message, unread,
 * marks. What cannot be known from that (a conversation that is new here, a mark in the middle of what was unread) is read
 * from the server.
 */
export class ConversationList {
  private readonly lines = new Map<string, Line>();
  /** In the order of their last activity. */
  private readonly moved = new Set<string>();
  private readonly unknown = new Set<string>();
  private timer?: Timer;
  private reading = 0;

  constructor(
    private readonly ports: ConversationListPorts,
    private readonly gate: Gate,
    private readonly clock: Clock,
  ) {}

  /** What the server said of a conversation; what has come here since is added. Answers the line. */
  learn(told: WireConversation): WireConversation {
    const { conversationId } = told;
    const known = this.lines.get(conversationId);
    const line = known ? joined(known, told) : { conversation: told, toldUpTo: told.maxSeq, counted: [] };
    this.lines.set(conversationId, line);
    this.read(conversationId, Math.max(told.readSeq, known?.conversation.readSeq ?? 0));
    return line.conversation;
  }

  /** All lines follow: those that are known are void. */
  startOver(): void {
    this.lines.clear();
    this.moved.clear();
    this.unknown.clear();
  }

  /** A message that the application has been given. */
  delivered(message: WireMessage): void {
    const { conversationId, seq } = message;
    if (seq === undefined || isRoom(conversationId)) return;
    const line = this.lines.get(conversationId);
    if (!line) return this.ask(conversationId);
    const { conversation } = line;
    if (seq <= conversation.maxSeq) return;
    // The place of a message for others: no activity.
    if (message.type === 'hidden') return void (line.conversation = { ...conversation, maxSeq: seq });
    const counts = seq > conversation.readSeq && this.counts(message);
    if (counts === undefined) this.ask(conversationId);
    if (counts) line.counted.push(seq);
    if (line.counted.length > COUNTED_MAX) line.toldUpTo = line.counted.splice(0).pop() ?? seq;
    const unread = conversation.unread + (counts ? 1 : 0);
    this.set(line, { ...conversation, maxSeq: seq, lastMessage: message, unread });
  }

  /** An edit or a recall. */
  changed(message: WireMessage): void {
    const line = this.lines.get(message.conversationId);
    const last = line?.conversation.lastMessage;
    if (line && last?.seq === message.seq) this.set(line, { ...line.conversation, lastMessage: message });
  }

  /** Messages that were not delivered may have moved the line. */
  skipped({ conversationId, to }: Skipped): void {
    const line = this.lines.get(conversationId);
    if (line && to > line.conversation.maxSeq) this.ask(conversationId);
  }

  /** The user has read up to here, on this device or on another. */
  read(conversationId: string, seq: number): void {
    const line = this.lines.get(conversationId);
    if (!line || seq <= line.conversation.readSeq) return;
    if (seq < line.toldUpTo) this.ask(conversationId);
    else line.counted.splice(0, line.counted.length, ...line.counted.filter((one) => one > seq));
    const unread = seq < line.toldUpTo ? line.conversation.unread : line.counted.length;
    this.set(line, { ...line.conversation, readSeq: seq, unread });
  }

  userEvent({ kind, data }: UserEvent): void {
    const { conversationId, seq, muted, pinned } = data as Partial<WireConversation> & { seq?: number };
    if (conversationId === undefined) return;
    if (kind === 'read' && seq !== undefined) this.read(conversationId, seq);
    const line = this.lines.get(conversationId);
    if (kind !== 'conversation-changed' || !line) return;
    const { conversation } = line;
    this.set(line, { ...conversation, muted: muted ?? conversation.muted, pinned: pinned ?? conversation.pinned });
  }

  receipt({ conversationId, userId, kind, seq }: ServerEvents['receipt']): void {
    const line = this.lines.get(conversationId);
    const peer = line?.conversation.peer;
    if (!line || peer?.userId !== userId) return;
    const readSeq = kind === 'read' ? Math.max(peer.readSeq, seq) : peer.readSeq;
    const deliveredSeq = Math.max(peer.deliveredSeq, seq);
    if (readSeq === peer.readSeq && deliveredSeq === peer.deliveredSeq) return;
    this.set(line, { ...line.conversation, peer: { ...peer, deliveredSeq, readSeq } });
  }

  connected(): void {
    if (this.unknown.size > 0) this.arm();
  }

  /** Whether a message adds to the unread of this user; undefined where that cannot be told here. */
  private counts({ from, type, body }: WireMessage): boolean | undefined {
    const userId = this.ports.userId();
    if (from !== null) return userId === undefined ? undefined : from !== userId && type !== 'command';
    return type !== 'command' && !(type === 'notice' && tellsAChange(body));
  }

  private set(line: Line, conversation: WireConversation): void {
    const { conversationId } = conversation;
    const isActivity = conversation.lastMessage?.seq !== line.conversation.lastMessage?.seq;
    line.conversation = conversation;
    // The latest activity last, so that the order in which lines are told is that of the list.
    if (isActivity) this.moved.delete(conversationId);
    this.moved.add(conversationId);
    this.arm();
  }

  /** What is known of the line is not right any more. */
  private ask(conversationId: string): void {
    if (!this.ports.isHeard()) return void this.lines.delete(conversationId);
    this.unknown.add(conversationId);
    this.arm();
  }

  private arm(): void {
    this.timer ??= this.clock.setTimeout(() => this.tell(), GATHER_MS);
  }

  private tell(): void {
    this.timer = undefined;
    const moved = [...this.moved];
    this.moved.clear();
    // What is about to be read is told then.
    for (const conversationId of moved) {
      const line = this.lines.get(conversationId);
      if (line && !this.unknown.has(conversationId)) this.ports.changed(line.conversation);
    }
    for (const conversationId of this.unknown) {
      if (!this.gate.isOpen || this.reading >= READS_MAX) break;
      this.unknown.delete(conversationId);
      void this.readLine(conversationId);
    }
  }

  private async readLine(conversationId: string): Promise<void> {
    this.reading += 1;
    await this.gate.pause(this.clock.random() * READ_WITHIN_MS, this.clock);
    for (let attempt = 0; ; attempt += 1) {
      if (!this.gate.isOpen) {
        // Read after the reconnect.
        this.unknown.add(conversationId);
        break;
      }
      try {
        this.ports.changed(this.learn(await this.ports.read(conversationId)));
        break;
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        // Not in this user's list (any more).
        if (error.definite) break;
        await this.gate.pauseAfter(error, attempt, RETRY, this.clock);
      }
    }
    this.reading -= 1;
    if (this.unknown.size > 0 && this.gate.isOpen) this.arm();
  }
}

/** A line with what the server says of it, which may be less than is known here: answers overtake each other. */
function joined({ conversation, toldUpTo, counted }: Line, told: WireConversation): Line {
  const { maxSeq, lastMessage = told.lastMessage, readSeq, unread } = conversation;
  if (told.maxSeq < toldUpTo) {
    return { conversation: { ...told, maxSeq, lastMessage, readSeq, unread }, toldUpTo, counted };
  }
  const since = counted.filter((seq) => seq > told.maxSeq);
  const isBehind = maxSeq > told.maxSeq;
  return {
    conversation: isBehind ? { ...told, maxSeq, lastMessage, unread: told.unread + since.length } : told,
    toldUpTo: told.maxSeq,
    counted: since,
  };
}

/** A notice of the server about its group, as opposed to an app server's own. */
function tellsAChange(body: unknown): boolean {
  const { kind, users } = (body ?? {}) as { kind?: unknown; users?: unknown };
  return typeof kind === 'string' && Array.isArray(users);
}
