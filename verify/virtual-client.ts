import type { WireMessage } from '../src/kernel/contracts/message';
import type { Ack, ClientEventName, ClientEvents, GroupEvent } from '../src/kernel/contracts/socket-events';
import { DeviceSocket } from './device-socket';
import { Diary } from './diary';
import { Random } from './random';
import { type LoggedMessage, Replica } from './replica';
import { RoomListener } from './room-listener';
import { type Login, type Tenant, watchCanaries, type World } from './tenants';
import { userIdOf, type Via } from './history';

const GAP_MS = 500;
const PAGE = 100;
/** The regular check for a lost tail, as the protocol has it: rare, so that the server's own hints are what is checked. */
const HEADS_MS = 60_000;
const READ_CHANCE = 0.06;

export interface DeviceOptions {
  world: World;
  tenant: Tenant;
  login: Login;
  deviceId: string;
  /** Whether it tells the server what it read, at times. */
  reads: boolean;
  via?: Via;
}

/**
 * One device that does what the protocol asks of a client (protocol.md §2.3–2.6), written again from the document and
 * over plain socket.io-client: the checker must not share the product's own client logic.
 */
export class VirtualClient {
  readonly device: string;
  readonly rooms: RoomListener;
  private readonly diary: Diary;
  private readonly socket: DeviceSocket;
  private readonly replicas = new Map<string, Replica>();
  private readonly random: Random;
  private readonly timers = new Set<NodeJS.Timeout>();
  private userSeq = 0;
  private storeEpoch: string | undefined;
  private syncing = false;
  private syncAgain = false;

  constructor(private readonly options: DeviceOptions) {
    const { world, tenant, login, deviceId } = options;
    this.device = `${tenant.name}/${login.userId}/${deviceId}`;
    this.diary = new Diary(world.history, tenant.name, this.device);
    this.random = new Random(world.seed, `client ${this.device}`);
    this.socket = new DeviceSocket({
      url: world.url,
      device: this.device,
      auth: { token: login.token, device: { id: `${login.userId}-${deviceId}`, platform: 'web' } },
      history: world.history,
      random: this.random,
      scan: watchCanaries(world, tenant, this.device),
      onConnect: () => {
        this.background(this.sync());
        this.background(this.rooms.enterAgain());
      },
    });
    this.rooms = new RoomListener(this, this.diary);
    this.listen();
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  get ended(): boolean {
    return this.socket.ended;
  }

  connect(): void {
    this.socket.connect();
    this.watchHeads();
  }

  /** Tries the same login again, as one who was sent away may. */
  returnAnyway(): void {
    this.socket.comeBackAnyway();
  }

  close(): void {
    this.socket.close();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  call<E extends ClientEventName>(event: E, data: ClientEvents[E]['data']): Promise<Ack<ClientEvents[E]['reply']>> {
    return this.socket.call(event, data);
  }

  have(conversationId: string): number {
    return this.replicas.get(conversationId)?.have ?? 0;
  }

  /** Takes a message in, whichever way it came. */
  take(message: LoggedMessage, via: Via): void {
    if (message.to.kind === 'chatroom') return via === 'live' ? this.rooms.hear(message) : this.rooms.reach(message);
    this.diary.received(message, via);
    const { conversationId } = message;
    const replica = this.replica(conversationId);
    const applied = replica.take(message);
    this.diary.applied(applied);
    if (replica.incomplete) this.later(GAP_MS, () => this.pull(conversationId));
    if (applied.length > 0 && this.options.reads && this.random.chance(READ_CHANCE))
      this.background(this.read(conversationId));
  }

  /** Asks for the last of what it holds once more, whether it may or not; what it is given is written down. */
  async peek(conversationId: string): Promise<void> {
    const after = Math.max(0, this.have(conversationId) - 3);
    const began = this.diary.now();
    const reply = await this.call('conversation:pull', { conversationId, after, limit: 20 });
    if (!reply.ok) return;
    const items = logged(reply.data.items);
    this.diary.pulled(began, conversationId, after, items);
    for (const item of items) this.diary.received(item, 'pull');
  }

  /** Reads everything from nothing. */
  async readEverything(): Promise<void> {
    await this.sync();
    for (const [conversationId, replica] of this.replicas) {
      for (let tries = 0; replica.incomplete && tries < 100; tries++) await this.pull(conversationId);
    }
  }

  /** Asks for the user's marks in all conversations. */
  async marks(final: boolean): Promise<void> {
    const began = this.diary.now();
    for (let page: string | undefined, first = true; first || page !== undefined; first = false) {
      const reply = await this.call('sync', {
        userSeq: this.userSeq,
        conversations: [],
        ...(page !== undefined && { page }),
      });
      if (!reply.ok) throw new Error(`sync was refused: ${reply.error.code}`);
      this.note(reply.data, began, final);
      page = reply.data.nextPage;
    }
  }

  private listen(): void {
    const { socket } = this;
    const live = (messages: readonly WireMessage[]): void =>
      logged(messages).forEach((message) => this.take(message, 'live'));
    socket.on('message:new', (message) => live([message]));
    socket.on('message:batch', ({ messages }) => live(messages));
    socket.on('conversation:tip', ({ conversationId, maxSeq }) => this.tipped(conversationId, maxSeq));
    socket.on('sync:hint', ({ reason }) => {
      this.diary.hinted(reason);
      this.background(this.sync());
    });
    socket.on('group:event', (event) => this.groupChanged(event));
  }

  /** Who came in asks from where on it may read; who went has all that it will get. */
  private groupChanged({ groupId, kind, users }: GroupEvent): void {
    if (!users.includes(userIdOf(this.device))) return;
    if (kind === 'created' || kind === 'joined') this.background(this.sync());
    else if (kind === 'left' || kind === 'removed') this.replica(`group:${groupId}`).end();
  }

  private tipped(conversationId: string, maxSeq: number): void {
    const replica = this.replica(conversationId);
    replica.known = Math.max(replica.known, maxSeq);
    this.background(this.pull(conversationId));
  }

  /** Everything that changed since; run again when asked for during a run. */
  private async sync(): Promise<void> {
    if (this.syncing) {
      this.syncAgain = true;
      return;
    }
    this.syncing = true;
    try {
      do {
        this.syncAgain = false;
        await this.syncPages();
      } while (this.syncAgain);
    } finally {
      this.syncing = false;
    }
  }

  private async syncPages(): Promise<void> {
    const conversations = this.held();
    const { userSeq, storeEpoch } = this;
    for (let page: string | undefined, first = true; first || page !== undefined; first = false) {
      const began = this.diary.now();
      const request = { userSeq, conversations, ...(storeEpoch !== undefined && { storeEpoch }) };
      const reply = await this.call('sync', { ...request, ...(page !== undefined && { page }) });
      if (!reply.ok) {
        if (reply.error.retryAfterMs !== undefined) this.later(reply.error.retryAfterMs, () => this.sync());
        return;
      }
      this.userSeq = reply.data.userSeq;
      this.storeEpoch = reply.data.storeEpoch;
      this.note(reply.data, began, false);
      for (const message of logged(reply.data.messages ?? [])) this.take(message, this.options.via ?? 'sync');
      await Promise.all(reply.data.conversations.map(({ conversationId }) => this.pull(conversationId)));
      page = reply.data.nextPage;
    }
  }

  /** Heads, marks, and from where on each conversation is for this user. */
  private note(reply: ClientEvents['sync']['reply'], began: number, final: boolean): void {
    this.diary.synced(reply, began, final);
    for (const { conversationId, maxSeq, minSeq } of reply.conversations) {
      const replica = this.replica(conversationId);
      replica.known = Math.max(replica.known, maxSeq);
      this.diary.applied(replica.beginAt(minSeq));
    }
  }

  /** Fills what is missing, page after page. */
  private async pull(conversationId: string): Promise<void> {
    const replica = this.replica(conversationId);
    if (replica.pulling || !replica.incomplete) return;
    replica.pulling = true;
    try {
      while (replica.incomplete) {
        const after = replica.have;
        const began = this.diary.now();
        const reply = await this.call('conversation:pull', { conversationId, after, limit: PAGE });
        if (!reply.ok) {
          if (reply.error.retryAfterMs !== undefined)
            this.later(reply.error.retryAfterMs, () => this.pull(conversationId));
          return;
        }
        const items = logged(reply.data.items);
        this.diary.pulled(began, conversationId, after, items);
        for (const item of items) this.take(item, this.options.via ?? 'pull');
        if (replica.have === after) {
          // Nothing of it could be applied: perhaps what lies before the page is not for this user, which a sync tells.
          this.later(GAP_MS, () => this.sync());
          return;
        }
      }
    } finally {
      replica.pulling = false;
    }
  }

  /** Usually all that is there; at times less than before, or more than there is, which must change nothing. */
  private async read(conversationId: string): Promise<void> {
    const { have } = this.replica(conversationId);
    const dice = this.random.next();
    const seq = dice < 0.75 ? have : dice < 0.92 ? this.random.between(0, have) : have + 1000;
    const began = this.diary.now();
    const reply = await this.call('conversation:read', { conversationId, seq });
    if (!reply.ok) return;
    const { readSeq } = reply.data;
    // Who was removed meanwhile has no mark there.
    if (readSeq > 0 || !conversationId.startsWith('group:'))
      this.diary.read(began, conversationId, { asked: seq, have, readSeq });
    await this.call('message:received', { conversationId, seq: have });
  }

  private watchHeads(): void {
    this.later(HEADS_MS * (0.8 + 0.4 * this.random.next()), async () => {
      this.watchHeads();
      if (!this.connected) return;
      const reply = await this.call('sync:heads', { conversations: this.held() });
      if (!reply.ok) return;
      for (const [conversationId, maxSeq] of reply.data.conversations) this.tipped(conversationId, maxSeq);
    });
  }

  private held = (): [string, number][] => [...this.replicas].map(([id, { have }]) => [id, have]);

  later(ms: number, work: () => Promise<void>): void {
    if (this.ended) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.background(work());
    }, ms);
    this.timers.add(timer);
  }

  /** What fails without an answer is asked again by the sync that follows the next connection, or a little later. */
  private background(work: Promise<void>): void {
    work.catch(() => {
      if (this.connected) this.later(1000, () => this.sync());
    });
  }

  private replica(conversationId: string): Replica {
    let replica = this.replicas.get(conversationId);
    if (!replica) this.replicas.set(conversationId, (replica = new Replica()));
    return replica;
  }
}

const logged = (items: readonly WireMessage[]): LoggedMessage[] =>
  items.flatMap((item) => (item.seq === undefined ? [] : [{ ...item, seq: item.seq }]));
