import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import { Encoded, Live } from '../../platform/realtime/live';
import { type Audience, type Draft, encodeMessage, newMessage } from '../conversations';
import type { Sent } from './sent';

/** Online-only messages: heard by who is connected now, kept nowhere, without a seq (T14). */
@Injectable()
export class Ephemeral {
  constructor(
    private readonly live: Live,
    private readonly sql: Sql,
  ) {}

  /** `online` says whether anybody but the sender was there to hear it (D7). */
  async send(audience: Audience, draft: Draft, exceptSocketId?: string): Promise<Sent> {
    const { app, conversation, sender } = draft;
    // The same question as for a stored message, outside any transaction: nothing is written that could be half done.
    const [refusal] = await audience.admit(this.sql, [draft]);
    if (refusal) throw refusal;

    const message = newMessage(draft, undefined, randomUUID(), Date.now());
    const json = encodeMessage(message);
    if (audience.broadcast) {
      audience.broadcast(conversation, { json }, exceptSocketId);
      return { message, duplicate: false };
    }
    const present = await audience.hearers(conversation);
    const { recipients } = draft;
    const hearers = recipients
      ? present.filter((userPk) => userPk === sender?.userPk || recipients.has(userPk))
      : present;
    this.live.toUsers(app.pk, hearers, 'message:new', new Encoded(json), { exceptSocketId });
    const others = hearers.filter((userPk) => userPk !== sender?.userPk);
    const online = await this.live.online(app.pk, others);
    return { message, duplicate: false, online: online.size > 0 };
  }
}
