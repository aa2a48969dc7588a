import type { Call } from './calls';
import type { ClientEvents, Json, SendCommand, SendOptions, SentMessage } from './catalogue';
import type { ConnectionState } from './connection';
import type { DeviceIds } from './device-ids';
import type { Listener, Unsubscribe } from './emitter';
import { Engine } from './engine';
import type { ConversationPage, HistoryPage, HistoryQuery } from './http';
import { newId } from './ids';
import type { ClientListeners, OutgoingMessage, ParleyClientOptions } from './options';
import { attempted, whileTried } from './refusals';
import type { Rooms } from './visits';

/** One user on one device. */
export class ParleyClient {
  private readonly engine: Engine;

  /** @param ids Whoever makes the device ids of this page; left out by applications. */
  constructor(options: ParleyClientOptions, ids?: DeviceIds) {
    this.engine = new Engine(options, ids);
  }

  /**
   * Connects, and stays connected until `stop`, a kick or a final refusal; `state` tells which. Resolves once the first
   * attempt has ended, also where the network stood in its way and others follow; rejects with a ParleyError when the login
   * was refused for good.
   */
  async start(): Promise<void> {
    await this.engine.start();
    await attempted(this.engine);
  }

  /** Disconnects. What is unsent stays queued, and waiting promises stay open, for the next `start`. */
  stop(): Promise<void> {
    return this.engine.stop();
  }

  /** Ends the login itself, so that its token is worth nothing any more and pushes stop, and disconnects. */
  async logout(): Promise<void> {
    const { http, session, visits } = this.engine;
    await http.logout(await session.token());
    await this.engine.stop();
    visits.clear();
    session.forget();
  }

  on<E extends keyof ClientListeners>(event: E, listener: Listener<ClientListeners[E]>): Unsubscribe {
    return this.engine.emitter.on(event, listener);
  }

  off<E extends keyof ClientListeners>(event: E, listener: Listener<ClientListeners[E]>): void {
    this.engine.emitter.off(event, listener);
  }

  get state(): ConnectionState {
    return this.engine.connection.state;
  }

  /** Known from the login. */
  get userId(): string | undefined {
    return this.engine.session.userId;
  }

  /** As given, or as made by the first `start` or `send`: what a device's push token is bound to. */
  get deviceId(): string | undefined {
    return this.engine.device.deviceId;
  }

  /** Queued and not yet acknowledged. */
  get pending(): SendCommand[] {
    return this.engine.outbox.pending;
  }

  /** Chatrooms to join and leave. */
  get rooms(): Rooms {
    return this.engine.visits;
  }

  /**
   * Resolves with the stored message, however many attempts, reconnects and seconds that takes; rejects with a
   * ParleyError when definitely refused, and with `definite: false` when no attempt follows by itself, because the login was
   * refused: then it stays queued for the next `start`. `onlineOnly` messages are tried once and not queued.
   */
  async send(message: OutgoingMessage): Promise<SentMessage> {
    // A copy: what the application does to its object later must not change what a retry sends.
    const command = JSON.parse(
      JSON.stringify({ ...message, clientMessageId: message.clientMessageId ?? newId() }),
    ) as SendCommand;
    if (command.options?.onlineOnly) return this.engine.sendNow(command);
    await this.engine.load();
    return whileTried(this.engine.outbox.send(command), this.engine);
  }

  /** A text to one user. */
  sendText(userId: string, text: string, extra: { ext?: Json; options?: SendOptions } = {}): Promise<SentMessage> {
    return this.send({ to: { kind: 'user', id: userId }, type: 'text', body: { text }, ...extra });
  }

  /** Read up to `seq`, or up to what has been delivered; resolves when stored. Marks only ever rise. */
  async markRead(
    conversationId: string,
    seq = this.engine.inbox.position(conversationId),
  ): Promise<ClientEvents['conversation:read']['reply']> {
    const reply = await this.engine.marks.read(conversationId, seq);
    this.engine.list.read(conversationId, reply.readSeq);
    return reply;
  }

  /** The conversation list, latest activity first. */
  async conversations(query: { limit?: number; cursor?: string } = {}): Promise<ConversationPage> {
    const { http, session, list } = this.engine;
    const { items, ...page } = await http.conversations(await session.token(), query);
    return { ...page, items: items.map((told) => list.learn(told)) };
  }

  /** Older messages: newest first unless `after` or `from` is given. */
  async history(conversationId: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    const { http, session } = this.engine;
    return http.history(await session.token(), conversationId, query);
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
    const { connection, gate, sync } = this.engine;
    await connection.setDeviceState(state);
    if (state === 'foreground' && gate.isOpen) await sync?.check();
  }

  /** Up to where a conversation has been delivered here without a gap. */
  position(conversationId: string): number {
    return this.engine.inbox.position(conversationId);
  }

  /** Any event of the catalogue; one attempt. Rooms are joined and left by `rooms`, however it is asked for. */
  readonly call: Call = <E extends keyof ClientEvents>(event: E, data: ClientEvents[E]['data']) => {
    if (event === 'chatroom:join') {
      const { chatroomId, history } = data as ClientEvents['chatroom:join']['data'];
      return this.rooms.join(chatroomId, { history });
    }
    if (event === 'chatroom:leave') {
      const { chatroomId } = data as ClientEvents['chatroom:leave']['data'];
      return this.rooms.leave(chatroomId).then(() => ({}));
    }
    return this.engine.call(event, data);
  };
}
