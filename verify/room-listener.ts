import { setTimeout as sleep } from 'node:timers/promises';
import type { Diary } from './diary';
import type { LoggedMessage } from './replica';
import type { VirtualClient } from './virtual-client';

const AGAIN_MS = 500;

/** The rooms that one device is in, or wants to be in: who is in is whose connection has joined. */
export class RoomListener {
  /** By id, with how much of the past is asked for. */
  private readonly wanted = new Map<string, number>();
  private readonly heads = new Map<string, number>();

  constructor(
    private readonly client: Pick<VirtualClient, 'connected' | 'call' | 'later'>,
    private readonly diary: Diary,
  ) {}

  async enter(chatroomId: string, history: number): Promise<void> {
    this.wanted.set(chatroomId, history);
    await this.join(chatroomId);
  }

  /** A new connection is in no room. */
  async enterAgain(): Promise<void> {
    await Promise.all([...this.wanted.keys()].map((chatroomId) => this.join(chatroomId)));
  }

  /** From here on nothing is expected to be heard. */
  giveUp(chatroomId: string): void {
    this.wanted.delete(chatroomId);
    this.diary.roomOut(chatroomId);
  }

  /**
   * Until it is answered: what is still on its way belongs to the stay that ends here, and would be taken for the
   * beginning of the next one.
   */
  async leave(chatroomId: string): Promise<void> {
    this.giveUp(chatroomId);
    // Without a connection it is out as well.
    while (this.client.connected) {
      const reply = await this.client.call('chatroom:leave', { chatroomId }).catch(() => undefined);
      if (reply && (reply.ok || reply.error.retryAfterMs === undefined)) return;
      await sleep(AGAIN_MS);
    }
  }

  hear(message: LoggedMessage): void {
    this.diary.received(message, 'live');
    this.reach(message);
  }

  /** Heard or said. */
  reach({ conversationId, seq }: LoggedMessage): void {
    this.heads.set(conversationId, Math.max(seq, this.heads.get(conversationId) ?? 0));
  }

  /** Whether a room that it is in has gone on without it. */
  lacks(heads: (conversationId: string) => number): boolean {
    return [...this.wanted.keys()].some((chatroomId) => {
      const conversationId = `chatroom:${chatroomId}`;
      return (this.heads.get(conversationId) ?? 0) < heads(conversationId);
    });
  }

  private async join(chatroomId: string): Promise<void> {
    const { client, diary } = this;
    const history = this.wanted.get(chatroomId);
    if (history === undefined || !client.connected) return;
    diary.roomJoin(chatroomId, history);
    // Without an answer it may be in or not; asked again on the same connection it is in once.
    const reply = await client.call('chatroom:join', { chatroomId, history }).catch(() => undefined);
    if (reply?.ok) diary.roomJoined(chatroomId, reply.data.maxSeq);
    else if (!reply || reply.error.retryAfterMs !== undefined) client.later(AGAIN_MS, () => this.join(chatroomId));
    else this.giveUp(chatroomId);
  }
}
