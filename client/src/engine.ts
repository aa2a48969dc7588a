import type { Call } from './calls';
import type { SendCommand, SentMessage, ServerEvents, UserEvent, WireConversation, WireMessage } from './catalogue';
import { systemClock, type Clock } from './clock';
import { Connection, type ConnectionState } from './connection';
import { ConversationList } from './conversation-list';
import type { DeviceIds } from './device-ids';
import { DeviceStore } from './device-store';
import { Emitter } from './emitter';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { Http } from './http';
import { Inbox, INBOX_DEFAULTS, isRoom } from './inbox';
import { Marks } from './marks';
import { Notes } from './notes';
import type { ClientListeners, ParleyClientOptions } from './options';
import { Outbox } from './outbox';
import { thisPage } from './page';
import type { Skipped } from './reader';
import { drawerOf, Session } from './session';
import { MemoryStorage } from './storage';
import { Sync, type Cursor, type Reset } from './sync';
import { Typists } from './typists';
import { Visits, type RoomLeft } from './visits';

/** The parts of a client and how they hang together. What the application calls is in `ParleyClient`. */
export class Engine {
  readonly emitter = new Emitter<ClientListeners>();
  readonly http: Http;
  readonly session: Session;
  readonly connection: Connection;
  readonly device: DeviceStore;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly marks: Marks;
  readonly visits: Visits;
  readonly list: ConversationList;
  /** Absent until what an earlier run kept is read. */
  sync?: Sync;
  readonly gate = new Gate();
  private readonly clock: Clock;
  private readonly notes: Notes;
  private readonly typists: Typists;
  private loading?: Promise<void>;
  private wanted = false;

  constructor(
    private readonly options: ParleyClientOptions,
    ids?: DeviceIds,
  ) {
    const { login, device, storage = new MemoryStorage() } = options;
    this.clock = options.clock ?? systemClock;
    this.device = new DeviceStore({ storage, login: drawerOf(login), givenId: device?.id, ids });
    this.http = new Http(options.url);
    this.session = new Session(login, this.http);
    this.connection = this.makeConnection();
    this.marks = new Marks(this.call, this.gate, this.clock);
    this.notes = new Notes(this.device.notes, this.clock);
    this.typists = new Typists((typing) => this.emitter.emit('typing', typing), this.clock);
    this.inbox = this.makeInbox();
    this.outbox = this.makeOutbox();
    this.visits = this.makeVisits();
    this.list = this.makeList();
  }

  async start(): Promise<void> {
    this.wanted = true;
    // React's Strict Mode starts a client and stops it at once: that must not cost a device id.
    await Promise.resolve();
    if (!this.wanted) return;
    await this.load();
    const id = await this.device.claim();
    const platform = this.options.device?.platform ?? (thisPage() ? 'web' : 'node');
    if (this.wanted) this.connection.start({ id, platform });
    else void this.rest();
  }

  async stop(): Promise<void> {
    this.wanted = false;
    this.marks.say();
    const written = this.rest();
    this.connection.stop();
    await written;
  }

  /** What an earlier run kept, once. A storage that fails is asked again by the next call. */
  load(): Promise<void> {
    this.loading ??= this.restore().catch((thrown: unknown) => {
      this.loading = undefined;
      throw new ParleyError('STORAGE_FAILED', 'The device storage could not be read.', { cause: thrown });
    });
    return this.loading;
  }

  readonly call: Call = (event, data) => this.connection.call(event, data);

  /** One attempt, in a room once this client is back in it. The server does not say again what it was told. */
  async sendNow(command: SendCommand): Promise<SentMessage> {
    const { to, body, ext } = command;
    if (to.kind === 'chatroom') await this.visits.ready(to.id);
    const ack = await this.call('message:send', command);
    return { ...ack, body, ...(ext !== undefined && ext !== null && { ext }) };
  }

  private async restore(): Promise<void> {
    const { progress, outbox, orphans } = await this.device.open();
    this.inbox.restore(progress.positions);
    this.sync = this.makeSync(progress.cursor);
    this.outbox.restore(outbox);
    await Promise.all(orphans.map((orphan) => orphan.adopt(this.outbox)));
  }

  /** Nothing runs until the next start: the device id is free for another client. */
  private rest(): Promise<void> {
    const written = this.notes.write();
    this.device.release(written);
    return written;
  }

  private makeConnection(): Connection {
    const { url, transports, reconnectAttemptsMax = Infinity, callTimeoutMs = 5000 } = this.options;
    const ports = {
      state: (state: ConnectionState) => this.entered(state),
      connected: () => {
        this.sync?.connected();
        this.gate.open();
        this.visits.connected();
        this.list.connected();
        this.marks.say();
      },
      lost: () => {
        this.gate.close();
        this.visits.lost();
        this.sync?.lost();
      },
      event: (name: string, data: unknown) => this.heard(name, data),
      failed: (error: ParleyError) => this.emitter.emit('error', error),
    };
    const options = { url, transports, attemptsMax: reconnectAttemptsMax, callTimeoutMs };
    return new Connection(this.session, ports, this.clock, options);
  }

  private entered(state: ConnectionState): void {
    if (state.name === 'kicked' && state.reason === 'replaced') this.device.replaced();
    else if (!this.connection.isRunning) void this.rest();
    this.emitter.emit('state', state);
    if (state.name !== 'kicked') return;
    const { name: _, ...kicked } = state;
    this.emitter.emit('kicked', kicked);
  }

  private makeInbox(): Inbox {
    const { confirmDelivery = true, catchUpLimit, roomCatchUpLimit } = this.options;
    const ports = {
      pull: async (conversationId: string, after: number, limit: number) =>
        (await this.call('conversation:pull', { conversationId, after, limit })).items,
      deliver: (message: WireMessage) => this.deliver(message),
      skipped: (gap: Skipped) => {
        this.emitter.emit('skipped', gap);
        this.list.skipped(gap);
      },
      advanced: (conversationId: string, have: number) => {
        // Who comes back after a restart joins a room anew.
        if (isRoom(conversationId)) return;
        this.notes.position(conversationId, have);
        if (confirmDelivery) this.marks.received(conversationId, have);
      },
    };
    return new Inbox(ports, this.clock, {
      ...INBOX_DEFAULTS,
      ...(catchUpLimit !== undefined && { catchUpLimit }),
      ...(roomCatchUpLimit !== undefined && { roomCatchUpLimit }),
    });
  }

  private makeOutbox(): Outbox {
    const ports = {
      send: (command: SendCommand) => this.sendNow(command),
      sent: ({ duplicate: _, online: __, ...message }: SentMessage) => {
        if (message.to.kind !== 'chatroom' || this.visits.isIn(message.to.id)) this.inbox.offer(message);
      },
      refused: (command: SendCommand, error: ParleyError) => this.emitter.emit('refused', { command, error }),
      changed: () => this.emitter.emit('pending', this.outbox.pending),
    };
    return new Outbox(ports, this.gate, this.device.outbox, this.clock);
  }

  private makeVisits(): Visits {
    const ports = {
      call: this.call,
      rejoined: (room: ClientListeners['room-rejoined']) => this.emitter.emit('room-rejoined', room),
      left: (room: RoomLeft) => this.emitter.emit('room-left', room),
      userId: () => this.session.userId,
    };
    return new Visits(ports, this.inbox, this.gate, this.clock);
  }

  private makeList(): ConversationList {
    const ports = {
      read: async (conversationId: string) => this.http.conversation(await this.session.token(), conversationId),
      changed: (conversation: WireConversation) => this.emitter.emit('conversation', conversation),
      isHeard: () => this.emitter.has('conversation'),
      userId: () => this.session.userId,
    };
    return new ConversationList(ports, this.gate, this.clock);
  }

  private makeSync(cursor: Cursor): Sync {
    const ports = {
      call: this.call,
      message: (message: WireMessage) => this.take(message),
      startOver: () => this.list.startOver(),
      conversation: (told: WireConversation) => this.emitter.emit('conversation', this.list.learn(told)),
      userEvent: (event: UserEvent) => {
        this.list.userEvent(event);
        this.emitter.emit('user-event', event);
      },
      reset: (reset: Reset) => {
        this.emitter.emit('reset', reset);
        if (reset.reason !== 'store') return;
        this.visits.startOver();
        this.outbox.reoffer();
      },
      advanced: (moved: Cursor) => this.notes.cursor(moved),
      failed: (error: ParleyError) => this.emitter.emit('error', error),
    };
    return new Sync(ports, this.inbox, this.clock, cursor);
  }

  private take(message: WireMessage): void {
    const { conversationId } = message;
    if (isRoom(conversationId) && !this.visits.hears(message.to.id)) return;
    if (!this.inbox.offer(message)) this.emitter.emit('message', message);
  }

  private deliver(message: WireMessage): void {
    this.emitter.emit('message', message);
    this.list.delivered(message);
  }

  private heard(name: string, data: unknown): void {
    const handle = (this.handlers as Record<string, ((data: never) => void) | undefined>)[name];
    handle?.(data as never);
    this.emitter.emit('event', { name, data });
  }

  private readonly handlers: { [E in keyof ServerEvents]?: (data: ServerEvents[E]) => void } = {
    'message:new': (message) => this.take(message),
    'message:batch': ({ messages }) => messages.forEach((message) => this.take(message)),
    'message:changed': (message) => {
      this.emitter.emit('changed', message);
      this.list.changed(message);
    },
    'conversation:tip': ({ conversationId, maxSeq }) => this.tip(conversationId, maxSeq),
    'sync:hint': () => {
      this.sync?.request();
      this.visits.check();
    },
    'chatroom:event': (event) => this.visits.event(event),
    'user:event': (event) => this.sync?.userEvent(event),
    receipt: (receipt) => {
      this.emitter.emit('receipt', receipt);
      this.list.receipt(receipt);
    },
    typing: (typing) => this.typists.heard(typing),
    'presence:event': (presence) => this.emitter.emit('presence', presence),
  };

  private tip(conversationId: string, maxSeq: number): void {
    if (isRoom(conversationId) && !this.visits.hears(roomOf(conversationId))) return;
    this.inbox.tip(conversationId, maxSeq);
  }
}

const roomOf = (conversationId: string) => conversationId.slice('chatroom:'.length);
