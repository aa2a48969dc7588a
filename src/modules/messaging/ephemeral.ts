import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { SendCommand, SentMessage, WireMessage } from '../../kernel/contracts/message';
import { Sql } from '../../platform/database/sql';
import { Live } from '../../platform/realtime/live';
import type { Audience, Draft } from '../conversations';

/** Online-only messages: heard by who is connected now, kept nowhere, without a seq (T14). */
@Injectable()
export class Ephemeral {
  constructor(
    private readonly live: Live,
    private readonly sql: Sql,
  ) {}

  /** `online` says whether anybody but the sender was there to hear it (D7). */
  async send(audience: Audience, draft: Draft, command: SendCommand, exceptSocketId?: string): Promise<SentMessage> {
    const { app, conversation, sender } = draft;
    // The same question as for a stored message, outside any transaction: nothing is written that could be half done.
    const [refusal] = await audience.admit(this.sql, [draft]);
    if (refusal) throw refusal;

    const message: WireMessage = {
      id: randomUUID(),
      conversationId: conversation.conversationId,
      from: sender?.userId ?? null,
      to: command.to,
      clientMessageId: command.clientMessageId,
      type: command.type,
      body: command.body,
      ...(command.ext !== undefined && { ext: command.ext }),
      ...(draft.mentions && { mentions: draft.mentions }),
      ...(draft.recipients && { recipients: [...draft.recipients.values()] }),
      sentAt: new Date().toISOString(),
      revision: 0,
    };
    if (audience.broadcast) {
      audience.broadcast(conversation, { json: JSON.stringify(message) }, exceptSocketId);
      return message;
    }
    const present = await audience.hearers(conversation);
    const { recipients } = draft;
    const hearers = recipients
      ? present.filter((userPk) => userPk === sender?.userPk || recipients.has(userPk))
      : present;
    this.live.toUsers(app.pk, hearers, 'message:new', message, { exceptSocketId });
    const others = hearers.filter((userPk) => userPk !== sender?.userPk);
    const online = await this.live.online(app.pk, others);
    return { ...message, online: online.size > 0 };
  }
}
