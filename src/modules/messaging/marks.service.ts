import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import type { UserEvent } from '../../kernel/contracts/socket-events';
import { Sql } from '../../platform/database/sql';
import { Live } from '../../platform/realtime/live';
import { UserEvents } from '../accounts';
import { Inbox, Marks, ReadListeners } from '../conversations';
import { ReadableConversations } from './readable';
import { SignalsService } from './signals.service';

/** Delivered and read: cumulative, only rising, told to the peers and to the reader's own devices. */
@Injectable()
export class MarksService {
  constructor(
    private readonly readable: ReadableConversations,
    private readonly marks: Marks,
    private readonly inbox: Inbox,
    private readonly signals: SignalsService,
    private readonly events: UserEvents,
    private readonly reads: ReadListeners,
    private readonly live: Live,
    private readonly sql: Sql,
  ) {}

  /** This device holds everything up to `seq`. */
  async received(caller: UserCaller, conversationId: string, seq: number): Promise<void> {
    const { conversation } = await this.readable.find(caller, conversationId);
    const entry = await this.inbox.entry(caller.userPk, conversation.pk);
    const reached = Math.min(seq, entry?.maxSeq ?? 0);
    if (!entry || reached <= entry.deliveredSeq) return;
    if (this.marks.noteDelivered(conversation, caller.userPk, reached)) {
      await this.signals.receipt(caller, conversation, 'delivered', reached);
    }
  }

  /** The user has read everything up to `seq`. Answers after commit, with the mark as it stands. */
  async read(caller: UserCaller, conversationId: string, seq: number): Promise<{ readSeq: number; unread: number }> {
    const { conversation } = await this.readable.find(caller, conversationId);
    const before = await this.inbox.entry(caller.userPk, conversation.pk);
    const target = Math.min(seq, before?.maxSeq ?? 0);
    if (!before || target <= before.readSeq) return { readSeq: before?.readSeq ?? 0, unread: before?.unread ?? 0 };

    const event = await this.sql.transaction(async (tx): Promise<UserEvent | undefined> => {
      // The user's row first: the order in which everybody locks (protocol.md §2.2).
      const made = await this.events.append(tx, caller.userPk, 'read', conversationId, { conversationId, seq: target });
      const { moved } = await this.marks.read(tx, conversation, caller.userPk, target);
      return moved ? made : undefined;
    });
    const after = await this.inbox.entry(caller.userPk, conversation.pk);
    if (event) {
      this.live.toUsers(caller.app.pk, [caller.userPk], 'user:event', event, { exceptSocketId: caller.socketId });
      if ((after?.unread ?? 0) < before.unread) this.reads.unreadFell(caller.app.pk, caller.userPk);
      await this.signals.receipt(caller, conversation, 'read', target);
    }
    return { readSeq: after?.readSeq ?? target, unread: after?.unread ?? 0 };
  }
}
