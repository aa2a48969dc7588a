import { HIDDEN_TYPE } from '../src/kernel/contracts/message';
import type { ClientEvents } from '../src/kernel/contracts/socket-events';
import type { History, Named, Via } from './history';
import type { LoggedMessage } from './replica';

type Conversations = Pick<ClientEvents['sync']['reply'], 'conversations' | 'storeEpoch'>;

/** What one device sees, written into the history in its words. */
export class Diary {
  constructor(
    private readonly history: History,
    private readonly tenant: string,
    readonly device: string,
  ) {}

  now = (): number => this.history.now();

  received(message: LoggedMessage, via: Via): void {
    const text = (message.body as { text?: string } | null)?.text ?? '';
    this.history.add({ type: 'recv', ...this.seen(), ...this.named(message), via, text });
  }

  applied(messages: readonly LoggedMessage[]): void {
    for (const message of messages) this.history.add({ type: 'apply', ...this.seen(), ...this.named(message) });
  }

  pulled(began: number, conversationId: string, after: number, items: readonly LoggedMessage[]): void {
    const seqs = items.map(({ seq }) => seq);
    this.history.add({
      type: 'pull',
      ...this.seen(),
      began,
      conversation: this.qualified(conversationId),
      after,
      seqs,
    });
  }

  /** Heads and marks of a sync's answer. */
  synced({ conversations, storeEpoch }: Conversations, began: number, final: boolean): void {
    for (const { conversationId, maxSeq, readSeq, unread, peer } of conversations) {
      const seen = { ...this.seen(), began, conversation: this.qualified(conversationId) };
      this.history.add({ type: 'head', ...seen, maxSeq, storeEpoch });
      const marks = { readSeq, unread, maxSeq, ...(peer && { peerReadSeq: peer.readSeq }) };
      this.history.add({ type: 'mark', ...seen, ...marks, ...(final && { final: true as const }) });
    }
  }

  read(began: number, conversationId: string, marks: { asked: number; have: number; readSeq: number }): void {
    this.history.add({
      type: 'read.ok',
      ...this.seen(),
      began,
      conversation: this.qualified(conversationId),
      ...marks,
    });
  }

  roomJoin(chatroomId: string, history: number): void {
    this.history.add({ type: 'room.join', ...this.seen(), conversation: this.room(chatroomId), history });
  }

  roomJoined(chatroomId: string, maxSeq: number): void {
    this.history.add({ type: 'room.joined', ...this.seen(), conversation: this.room(chatroomId), maxSeq });
  }

  roomOut(chatroomId: string): void {
    this.history.add({ type: 'room.out', ...this.seen(), conversation: this.room(chatroomId) });
  }

  hinted(reason: string): void {
    this.history.add({ type: 'hint', ...this.seen(), reason });
  }

  private room = (chatroomId: string): string => this.qualified(`chatroom:${chatroomId}`);

  private seen = (): { at: number; device: string } => ({ at: this.history.now(), device: this.device });

  private qualified = (conversationId: string): string => `${this.tenant}|${conversationId}`;

  /** A place that shows nothing has no name of its own, so it is named by where it is. */
  private named = ({ conversationId, seq, id, from, clientMessageId, type }: LoggedMessage): Named => ({
    conversation: this.qualified(conversationId),
    seq,
    messageId: id,
    sender: from ?? '-',
    ...(type === HIDDEN_TYPE ? { id: `${conversationId}#${seq}`, hidden: true } : { id: clientMessageId }),
  });
}
