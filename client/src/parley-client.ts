import type { ClientEvents, SendCommand, SendOptions, SentMessage, ServerEvents, UserEvent } from './catalogue';
import type { Json, WireConversation, WireMessage } from './catalogue';
import { systemClock, type Clock } from './clock';
import { Connection, type ConnectionState } from './connection';
import { Emitter, type Listener, type Unsubscribe } from './emitter';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { Http, type ConversationPage, type HistoryPage, type HistoryQuery } from './http';
import { Inbox, INBOX_DEFAULTS } from './inbox';
import { Marks } from './marks';
import { newMessageId } from './message-id';
import type { ClientListeners, OutgoingMessage, ParleyClientOptions } from './options';
import { Outbox } from './outbox';
import { Notes } from './notes';
import type { Skipped } from './reader';
import { drawerOf, Session } from './session';
import { Drawer, MemoryStorage, type Storage } from './storage';
import { Sync, type Cursor, type Reset } from './sync';
import { Typists } from './typists';

const POSITION = 'position/';
const CURSOR = 'cursor';

/** One user on one device. */
export class ParleyClient {
  private readonly clock: Clock;
  private readonly http: Http;
  private readonly session: Session;
  private readonly connection: Connection;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private readonly marks: Marks;
  private readonly notes: Notes;
  private readonly typists: Typists;
  private sync?: Sync;
  private readonly gate = new Gate();
  private readonly emitter = new Emitter<ClientListeners>();
  private readonly storage: Storage;
  private readonly drawers: Record<'outbox' | 'notes', Drawer>;
  private loading?: Promise<void>;
  private wanted = false;

  constructor(private readonly options: ParleyClientOptions) {
    this.clock = options.clock ?? systemClock;
    this.storage = options.storage ?? new MemoryStorage();
    const drawer = (name: string) => new Drawer(this.storage, `${drawerOf(options.login)}/${name}/`);
    this.drawers = { outbox: drawer('outbox'), notes: drawer('notes') };
    this.http = new Http(options.url);
    this.session = new Session(options.login, this.http);
    this.connection = this.makeConnection();
    this.marks = new Marks(this.call, this.gate, this.clock);
    this.notes = new Notes(this.drawers.notes, this.clock);
    this.typists = new Typists((typing) => this.emitter.emit('typing', typing), this.clock);
    this.inbox = this.makeInbox();
    this.outbox = this.makeOutbox();
  }

  /** Connects, and stays connected until `stop`, a kick or a final refusal; `state` tells which. */
  async start(): Promise<void> {
    this.wanted = true;
    await this.load();
    if (this.wanted) this.connection.start();
  }

  /** Disconnects. What is unsent stays queued, and waiting promises stay open, for the next `start`. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.marks.say();
    this.connection.stop();
    await this.notes.write();
  }

  /** Ends the login itself, so that its token is worth nothing any more and pushes stop, and disconnects. */
  async logout(): Promise<void> {
    await this.http.logout(await this.session.token());
    await this.stop();
    this.session.forget();
  }

  on<E extends keyof ClientListeners>(event: E, listener: Listener<ClientListeners[E]>): Unsubscribe {
    return this.emitter.on(event, listener);
  }

  off<E extends keyof ClientListeners>(event: E, listener: Listener<ClientListeners[E]>): void {
    this.emitter.off(event, listener);
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  /** Known from the login. */
  get userId(): string | undefined {
    return this.session.userId;
  }

  /** Queued and not yet acknowledged. */
  get pending(): SendCommand[] {
    return this.outbox.pending;
  }

  /**
   * Resolves with the stored message, however many attempts, reconnects and seconds that takes; rejects with a
   * ParleyError only when definitely refused. `onlineOnly` messages are tried once and not queued.
   */
  async send(message: OutgoingMessage): Promise<SentMessage> {
    // A copy: what the application does to its object later must not change what a retry sends.
    const command = JSON.parse(
      JSON.stringify({ ...message, clientMessageId: message.clientMessageId ?? newMessageId() }),
    ) as SendCommand;
    if (command.options?.onlineOnly) return this.sendNow(command);
    await this.load();
    return this.outbox.send(command);
  }

  /** A text to one user. */
  sendText(userId: string, text: string, extra: { ext?: Json; options?: SendOptions } = {}): Promise<SentMessage> {
    return this.send({ to: { kind: 'user', id: userId }, type: 'text', body: { text }, ...extra });
  }

  /** Read up to `seq`, or up to what has been delivered; resolves when stored. Marks only ever rise. */
  async markRead(
    conversationId: string,
    seq = this.inbox.position(conversationId),
  ): Promise<ClientEvents['conversation:read']['reply']> {
    return this.marks.read(conversationId, seq);
  }

  /** The conversation list, latest activity first. */
  async conversations(query: { limit?: number; cursor?: string } = {}): Promise<ConversationPage> {
    return this.http.conversations(await this.session.token(), query);
  }

  /** Older messages: newest first unless `after` or `from` is given. */
  async history(conversationId: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    return this.http.history(await this.session.token(), conversationId, query);
  }

  /** Says that the user types (or stopped). A courtesy: nothing is repeated when there is no connection. */
  async typing(conversationId: string, typing = true): Promise<void> {
    await this.call('typing', { conversationId, typing });
  }

  /** Watches who of these comes and goes (`presence`); answers who is there now. Renew it after a reconnect. */
  async subscribePresence(userIds: string[]): Promise<{ userId: string; online: boolean }[]> {
    return (await this.call('presence:subscribe', { userIds })).items;
  }

  /** In the background pushes come instead of silence; in the foreground what was missed is looked for at once. */
  async setDeviceState(state: 'foreground' | 'background'): Promise<void> {
    await this.connection.setDeviceState(state);
    if (state === 'foreground' && this.gate.isOpen) await this.sync?.check();
  }

  /** Up to where a conversation has been delivered here without a gap. */
  position(conversationId: string): number {
    return this.inbox.position(conversationId);
  }

  /** Any event of the catalogue; one attempt. */
  readonly call = <E extends keyof ClientEvents>(
    event: E,
    data: ClientEvents[E]['data'],
  ): Promise<ClientEvents[E]['reply']> => this.connection.call(event, data);

  /** What an earlier run kept, once. A storage that fails is asked again by the next call. */
  private load(): Promise<void> {
    this.loading ??= this.restore().catch((thrown: unknown) => {
      this.loading = undefined;
      throw new ParleyError('STORAGE_FAILED', 'The device storage could not be read.', { cause: thrown });
    });
    return this.loading;
  }

  private async restore(): Promise<void> {
    const kept = [...(await this.storage.load())];
    const notes = this.drawers.notes.pick(kept);
    const cursor = notes.find(([key]) => key === CURSOR)?.[1];
    const positions = notes.filter(([key]) => key.startsWith(POSITION));
    this.inbox.restore(positions.map(([key, have]) => [key.slice(POSITION.length), Number(have)] as const));
    this.sync = this.makeSync(cursor ? (JSON.parse(cursor) as Cursor) : { userSeq: 0 });
    this.outbox.restore(this.drawers.outbox.pick(kept));
  }

  private makeConnection(): Connection {
    const { url, device, transports } = this.options;
    const ports = {
      state: (state: ConnectionState) => {
        this.emitter.emit('state', state);
        if (state.name !== 'kicked') return;
        const { name: _, ...kicked } = state;
        this.emitter.emit('kicked', kicked);
      },
      connected: () => {
        this.sync?.connected();
        this.gate.open();
        this.marks.say();
      },
      lost: () => {
        this.gate.close();
        this.sync?.lost();
      },
      event: (name: string, data: unknown) => this.heard(name, data),
      failed: (error: ParleyError) => this.emitter.emit('error', error),
    };
    return new Connection(this.session, ports, this.clock, {
      url,
      device,
      transports,
      attemptsMax: this.options.reconnectAttemptsMax ?? Infinity,
      callTimeoutMs: this.options.callTimeoutMs ?? 5000,
    });
  }

  /** The server does not say again what it was told. */
  private async sendNow(command: SendCommand): Promise<SentMessage> {
    const ack = await this.call('message:send', command);
    const { body, ext } = command;
    return { ...ack, body, ...(ext !== undefined && ext !== null && { ext }) };
  }

  private makeInbox(): Inbox {
    const confirm = this.options.confirmDelivery ?? true;
    const ports = {
      pull: async (conversationId: string, after: number, limit: number) =>
        (await this.call('conversation:pull', { conversationId, after, limit })).items,
      deliver: (message: WireMessage) => this.emitter.emit('message', message),
      skipped: (gap: Skipped) => this.emitter.emit('skipped', gap),
      advanced: (conversationId: string, have: number) => {
        this.notes.note(POSITION + conversationId, String(have));
        if (confirm && !conversationId.startsWith('chatroom:')) this.marks.received(conversationId, have);
      },
    };
    const catchUpLimit = this.options.catchUpLimit ?? INBOX_DEFAULTS.catchUpLimit;
    return new Inbox(ports, this.clock, { ...INBOX_DEFAULTS, catchUpLimit });
  }

  private makeOutbox(): Outbox {
    const ports = {
      send: (command: SendCommand) => this.sendNow(command),
      sent: ({ duplicate: _, online: __, ...message }: SentMessage) => void this.inbox.offer(message),
      refused: (command: SendCommand, error: ParleyError) => this.emitter.emit('refused', { command, error }),
      changed: () => this.emitter.emit('pending', this.outbox.pending),
    };
    return new Outbox(ports, this.gate, this.drawers.outbox, this.clock);
  }

  private makeSync(cursor: Cursor): Sync {
    const ports = {
      call: this.call,
      message: (message: WireMessage) => this.take(message),
      conversation: (conversation: WireConversation) => this.emitter.emit('conversation', conversation),
      userEvent: (event: UserEvent) => this.emitter.emit('user-event', event),
      reset: (reset: Reset) => {
        this.emitter.emit('reset', reset);
        if (reset.reason === 'store') this.outbox.reoffer();
      },
      advanced: (moved: Cursor) => this.notes.note(CURSOR, JSON.stringify(moved)),
      failed: (error: ParleyError) => this.emitter.emit('error', error),
    };
    return new Sync(ports, this.inbox, this.clock, cursor);
  }

  private take(message: WireMessage): void {
    if (!this.inbox.offer(message)) this.emitter.emit('message', message);
  }

  private heard(name: string, data: unknown): void {
    const handle = (this.handlers as Record<string, ((data: never) => void) | undefined>)[name];
    handle?.(data as never);
    this.emitter.emit('event', { name, data });
  }

  private readonly handlers: { [E in keyof ServerEvents]?: (data: ServerEvents[E]) => void } = {
    'message:new': (message) => this.take(message),
    'message:batch': ({ messages }) => messages.forEach((message) => this.take(message)),
    'message:changed': (message) => this.emitter.emit('changed', message),
    'conversation:tip': ({ conversationId, maxSeq }) => this.inbox.tip(conversationId, maxSeq),
    'sync:hint': () => this.sync?.request(),
    'user:event': (event) => this.sync?.userEvent(event),
    receipt: (receipt) => this.emitter.emit('receipt', receipt),
    typing: (typing) => this.typists.heard(typing),
    'presence:event': (presence) => this.emitter.emit('presence', presence),
  };
}
