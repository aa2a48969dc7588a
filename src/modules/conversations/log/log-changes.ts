import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../../kernel/caller';
import { NOTICE_TYPE } from '../../../kernel/contracts/message';
import { isOutcomeToBeFound, Sql, type SqlExecutor, type SqlTransaction } from '../../../platform/database/sql';
import type { ConversationRef } from '../audience';
import type { Appended, Draft } from './draft';
import { type Head, LogWriter } from './log-writer';

/** A line of the log that says what changed. From the app itself, and nobody's unread. */
export interface Notice {
  /** JSON text. */
  readonly body: string;
}

/** What `work` finds under the lock. Its first notice gets `head.maxSeq + 1`. */
export interface ChangeContext {
  readonly conversation: ConversationRef;
  readonly head: Readonly<Head>;
}

export interface ChangeMade<T> {
  readonly result: T;
  readonly notices?: readonly Notice[];
  /** Set when others hear the conversation from now on. */
  readonly membersChanged?: boolean;
}

export type ChangeWork<T> = (tx: SqlExecutor, context: ChangeContext) => Promise<ChangeMade<T>>;

/** Makes the conversation and what it belongs to, inside the transaction. */
export type Founding = (tx: SqlExecutor) => Promise<ConversationRef>;

export interface Changed<T> {
  readonly result: T;
  readonly conversation: ConversationRef;
  /** The notices as stored, for delivery. */
  readonly appended: readonly Appended[];
  /** The conversation's, after the change. */
  readonly memberVersion: number;
}

const ATTEMPTS_MAX = 3;

/** One change of a conversation's members and its notices: one transaction, one story. */
@Injectable()
export class LogChanges {
  constructor(
    private readonly sql: Sql,
    private readonly writer: LogWriter,
  ) {}

  /**
   * A COMMIT with an unknown outcome is settled by looking, under the lock, for the first notice: its generated id is
   * the same in every attempt. A change without notices has no such mark, and answers RETRY.
   */
  async run<T>(app: AppRef, where: ConversationRef | Founding, work: ChangeWork<T>): Promise<Changed<T>> {
    const id = randomBytes(18).toString('base64url');
    let made: Changed<T> | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.sql.transaction(async (tx) => {
          if (made && typeof where === 'function' && (await this.stored(tx, app, id))) return made;
          const conversation = typeof where === 'function' ? await where(tx) : where;
          const heads = await this.writer.lock(tx, [{ conversation }]);
          if (made && (await this.stored(tx, app, id))) return made;
          made = await this.once(tx, app, { id, conversation, heads }, work);
          return made;
        });
      } catch (error) {
        if (!isOutcomeToBeFound(error) || !made?.appended.length || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  private async once<T>(
    tx: SqlTransaction,
    app: AppRef,
    { id, conversation, heads }: { id: string; conversation: ConversationRef; heads: Map<number, Head> },
    work: ChangeWork<T>,
  ): Promise<Changed<T>> {
    const head = heads.get(conversation.pk);
    if (!head) throw new Error(`conversation ${conversation.pk} is gone`);
    const { result, notices = [], membersChanged } = await work(tx, { conversation, head: { ...head } });
    if (membersChanged) {
      head.memberVersion++;
      await tx.run('UPDATE conversations SET memberVersion = ? WHERE id = ?', [head.memberVersion, conversation.pk]);
    }
    const { memberVersion } = head;
    if (notices.length === 0) return { result, conversation, appended: [], memberVersion };
    const drafts = notices.map((notice, index) => draftOf(app, conversation, notice, idOf(id, index)));
    const { messages, owed } = this.writer.write(tx, heads, drafts);
    const appended = messages.map((message) => ({ message, duplicate: false, owed, memberVersion }));
    return { result, conversation, appended, memberVersion };
  }

  private async stored(tx: SqlExecutor, app: AppRef, id: string): Promise<boolean> {
    const rows = await tx.rows(
      'SELECT seq FROM messages WHERE appPk = ? AND senderPk = 0 AND clientMessageId = ? LIMIT 1',
      [app.pk, idOf(id, 0)],
    );
    return rows.length > 0;
  }
}

const idOf = (id: string, index: number): string => `${id}-${index}`;

const draftOf = (app: AppRef, conversation: ConversationRef, { body }: Notice, clientMessageId: string): Draft => ({
  app,
  conversation,
  sender: null,
  clientMessageId,
  type: NOTICE_TYPE,
  body,
  ext: null,
  counts: false,
});
