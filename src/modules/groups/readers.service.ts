import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Sql } from '../../platform/database/sql';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { ConversationHistory, type ConversationRef, maySee, Members, type StoredMessage } from '../conversations';
import type { ReadersQuery } from './dto/group.dto';
import { GroupDirectory } from './group-directory';
import { assertMember } from './group-scene';
import { GroupsService } from './groups.service';

export interface Readers extends Page<{ userId: string }> {
  /** Of the members now whom this message was for, its sender left out. */
  read: number;
  unread: number;
}

/** Who has read a message and who has not, in a group of any size: counted when somebody asks, and never before. */
@Injectable()
export class ReadersService {
  constructor(
    private readonly sql: Sql,
    private readonly service: GroupsService,
    private readonly directory: GroupDirectory,
    private readonly history: ConversationHistory,
    private readonly windows: Members,
    private readonly pages: Pages,
  ) {}

  async of(caller: TenantCaller, groupId: string, seq: number, query: ReadersQuery): Promise<Readers> {
    const seen = await this.service.seen(caller, groupId);
    assertMember({ caller, ...seen });
    const conversation = await this.directory.find(caller.app, groupId);
    const message = await this.message(caller, conversation, seq);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const [count] = await this.sql.rows<{ everybody: number; readers: number | string | null }>(
      `SELECT COUNT(*) AS everybody, SUM(m.readSeq >= ?) AS readers ${OF_MESSAGE}`,
      [seq, ...this.whom(conversation, message)],
    );
    const rows = await this.sql.rows<{ userPk: number; userId: string }>(
      `SELECT m.userPk, u.userId ${OF_MESSAGE} AND m.userPk > ? AND m.readSeq ${query.status === 'unread' ? '<' : '>='} ?
        ORDER BY m.userPk LIMIT ?`,
      [...this.whom(conversation, message), after, seq, limit + 1],
    );
    const read = Number(count?.readers ?? 0);
    const page = this.pages.of(
      rows,
      limit,
      ({ userPk }) => [userPk],
      ({ userId }) => ({ userId }),
    );
    return { ...page, read, unread: (count?.everybody ?? 0) - read };
  }

  /** @throws AppError MESSAGE_NOT_FOUND: also where it is not in the asker's window, or not for it */
  private async message(caller: TenantCaller, conversation: ConversationRef, seq: number): Promise<StoredMessage> {
    const window =
      caller.kind === 'user' ? await this.windows.window(conversation, caller.userPk) : { from: 1, to: undefined };
    const [message] = window && seq >= window.from ? await this.history.exactly([[conversation.pk, seq]]) : [];
    if (!message || (caller.kind === 'user' && !maySee(message, caller.userPk))) {
      throw new AppError('MESSAGE_NOT_FOUND');
    }
    return message;
  }

  private whom({ pk }: ConversationRef, { seq, senderPk, recipients }: StoredMessage) {
    return [pk, seq, senderPk, recipients ? 0 : 1, recipients ? [...recipients.keys()] : [0]];
  }
}

const OF_MESSAGE = `FROM members m JOIN users u ON u.id = m.userPk AND u.status <> 'deleted'
  WHERE m.conversationPk = ? AND m.leaveSeq IS NULL AND m.hearSeq <= ? AND m.userPk <> ? AND (? = 1 OR m.userPk IN (?))`;
