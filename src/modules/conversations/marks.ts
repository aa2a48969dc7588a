import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import { Drainables } from '../../platform/lifecycle/drainables';
import type { ConversationRef } from './audience';
import { countOfOthers } from './inbox';
import { ownCountAfter } from './own-count';

const FLUSH_MS = 1000;
const PENDING_MAX = 50_000;

/** Read and delivered high-waters. They only rise, and never above the head of the log. */
@Injectable()
export class Marks implements OnModuleInit {
  private readonly logger = new Logger(Marks.name);
  private readonly delivered = new Map<
    string,
    { conversationPk: number; userPk: number; appPk: number; seq: number }
  >();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly sql: Sql,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => this.stop());
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  private async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /**
   * Notes that a device holds everything up to `seq`. Written within a second or so; losing it with the process is
   * harmless, because the client says it again. False when it was known already.
   */
  noteDelivered(conversation: Pick<ConversationRef, 'pk' | 'appPk'>, userPk: number, seq: number): boolean {
    const key = `${conversation.pk}:${userPk}`;
    const pending = this.delivered.get(key);
    if (pending && pending.seq >= seq) return false;
    if (!pending && this.delivered.size >= PENDING_MAX) return false;
    this.delivered.set(key, { conversationPk: conversation.pk, userPk, appPk: conversation.appPk, seq });
    return true;
  }

  /** Writes what was noted. Kept for the next round when the database is away. */
  async flush(): Promise<void> {
    if (this.delivered.size === 0) return;
    const marks = [...this.delivered.values()];
    this.delivered.clear();
    try {
      const heads = await this.sql.rows<{ id: number; maxSeq: number }>(
        'SELECT id, maxSeq FROM conversations WHERE id IN (?)',
        [[...new Set(marks.map((mark) => mark.conversationPk))]],
      );
      const maxSeqs = new Map(heads.map(({ id, maxSeq }) => [id, maxSeq]));
      const rows = marks
        .sort((a, b) => a.userPk - b.userPk || a.conversationPk - b.conversationPk)
        .map((mark) => [
          mark.userPk,
          mark.conversationPk,
          mark.appPk,
          Math.min(mark.seq, maxSeqs.get(mark.conversationPk) ?? 0),
        ]);
      await this.sql.run(
        `INSERT INTO members (userPk, conversationPk, appPk, deliveredSeq) VALUES ?
          ON DUPLICATE KEY UPDATE deliveredSeq = GREATEST(deliveredSeq, VALUES(deliveredSeq))`,
        [rows],
      );
    } catch (error) {
      for (const mark of marks)
        this.noteDelivered({ pk: mark.conversationPk, appPk: mark.appPk }, mark.userPk, mark.seq);
      this.logger.debug(`writing delivered marks failed, will retry: ${String(error)}`);
    }
  }

  /**
   * Raises the read mark to `seq` (at most the head), inside the caller's transaction. Answers where it stands now, and
   * whether it moved.
   */
  async read(
    tx: SqlExecutor,
    conversation: ConversationRef,
    userPk: number,
    seq: number,
  ): Promise<{ readSeq: number; moved: boolean }> {
    const [at] = await tx.rows<{ seq: number; countSeq: number; lowCount: number }>(
      'SELECT seq, countSeq, lowCount FROM messages WHERE conversationPk = ? AND seq <= ? ORDER BY seq DESC LIMIT 1',
      [conversation.pk, seq],
    );
    if (at) {
      const ownCount = conversation.kind === 'group' ? await this.ownCountAt(tx, conversation, userPk, at.seq) : 0;
      const result = await tx.run(
        'UPDATE members SET readCount = ?, readSeq = ? WHERE userPk = ? AND conversationPk = ? AND readSeq < ?',
        [countOfOthers(conversation, userPk, { ...at, ownCount }), at.seq, userPk, conversation.pk, at.seq],
      );
      if (result.affectedRows > 0) return { readSeq: at.seq, moved: true };
    }
    const [member] = await tx.rows<{ readSeq: number }>(
      'SELECT readSeq FROM members WHERE userPk = ? AND conversationPk = ?',
      [userPk, conversation.pk],
    );
    return { readSeq: member?.readSeq ?? 0, moved: false };
  }

  /** The member's `ownCount` as it stood at `seq`; one reads near the head, so what came after is little. */
  private async ownCountAt(tx: SqlExecutor, conversation: ConversationRef, userPk: number, seq: number) {
    const [member] = await tx.rows<{ ownCount: number }>(
      'SELECT ownCount FROM members WHERE userPk = ? AND conversationPk = ? FOR UPDATE',
      [userPk, conversation.pk],
    );
    return (member?.ownCount ?? 0) - (await ownCountAfter(tx, conversation.pk, userPk, seq));
  }

  /** What the member alone decides about a conversation. */
  async setOwn(
    tx: SqlExecutor,
    conversationPk: number,
    userPk: number,
    own: { muted?: boolean; pinned?: boolean },
  ): Promise<void> {
    await tx.run(
      'UPDATE members SET muted = COALESCE(?, muted), pinned = COALESCE(?, pinned) WHERE userPk = ? AND conversationPk = ?',
      [own.muted ?? null, own.pinned ?? null, userPk, conversationPk],
    );
  }
}
