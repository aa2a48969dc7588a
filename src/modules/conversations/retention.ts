import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import type { Tidy } from '../../platform/queues/housekeeping';
import { ConversationHistory } from './history';
import { KIND_CODES } from './kinds';

/** Conversations looked at in one round, by their keys; the next round goes on from there. */
const SPAN = 20_000;
const DAY_MS = 86_400_000;

interface Oldest {
  id: number;
  appPk: number;
  kind: number;
  minSeq: number;
  /** The oldest message there is; older than `minSeq` when a round ended between hiding and deleting. */
  seq: number;
  sentAt: Date;
}

/**
 * Forgets messages that are older than their app keeps them: first `minSeq` is raised, from which moment nobody reads
 * them and they count for nobody, then the rows go in small statements. May be stopped anywhere and run by anybody.
 */
@Injectable()
export class Retention {
  private reached = 0;

  constructor(
    private readonly sql: Sql,
    private readonly history: ConversationHistory,
  ) {}

  /**
   * One round. `days` by app, and `roomDays` for what is said in rooms; apps that are not in it keep everything. Answers
   * how many messages went.
   */
  async round(
    days: ReadonlyMap<number, number>,
    tidy: Tidy,
    roomDays: ReadonlyMap<number, number> = days,
  ): Promise<number> {
    const now = await this.now();
    const until = await this.nextSpan();
    let gone = 0;
    for (const oldest of await this.expired(days, roomDays, now, until)) {
      const limits = oldest.kind === KIND_CODES.chatroom ? roomDays : days;
      const cutoff = new Date(now - (limits.get(oldest.appPk) ?? Infinity) * DAY_MS);
      const minSeq = oldest.sentAt < cutoff ? await this.hide(oldest, cutoff) : oldest.minSeq;
      gone += await tidy('DELETE FROM messages WHERE conversationPk = ? AND seq < ? ORDER BY seq LIMIT ?', [
        oldest.id,
        minSeq,
      ]);
    }
    this.reached = until;
    return gone;
  }

  /** Raises `minSeq` to the first message within the limit, with the counters as they stood before it. */
  private async hide({ id }: Oldest, cutoff: Date): Promise<number> {
    const minSeq = await this.history.firstSeqSince({ pk: id }, cutoff);
    await this.sql.run(
      `UPDATE conversations c JOIN messages m ON m.conversationPk = c.id AND m.seq = ?
          SET c.minSeq = ?, c.minCount = m.countSeq, c.minLowCount = m.lowCount
        WHERE c.id = ? AND c.minSeq < ?`,
      [minSeq - 1, minSeq, id, minSeq],
    );
    return minSeq;
  }

  private expired(
    days: ReadonlyMap<number, number>,
    roomDays: ReadonlyMap<number, number>,
    now: number,
    until: number,
  ): Promise<Oldest[]> {
    if (days.size + roomDays.size === 0) return Promise.resolve([]);
    const latest = new Date(now - Math.min(...days.values(), ...roomDays.values()) * DAY_MS);
    // No app has the key 0: it stands for a list that would be empty.
    const apps = [0, ...days.keys()];
    const roomApps = [0, ...roomDays.keys()];
    return this.sql.rows<Oldest>(
      `SELECT c.id, c.appPk, c.kind, c.minSeq, m.seq, m.sentAt
         FROM conversations c
         JOIN messages m ON m.conversationPk = c.id
          AND m.seq = (SELECT MIN(f.seq) FROM messages f WHERE f.conversationPk = c.id)
        WHERE c.id > ? AND c.id <= ? AND IF(c.kind = ${KIND_CODES.chatroom}, c.appPk IN (?), c.appPk IN (?))
          AND (m.sentAt < ? OR m.seq < c.minSeq)`,
      [this.reached, until, roomApps, apps, latest],
    );
  }

  /** The key up to which this round looks; past the last conversation the next one begins again. */
  private async nextSpan(): Promise<number> {
    const [last] = await this.sql.rows<{ id: number | null }>('SELECT MAX(id) AS id FROM conversations');
    if (this.reached >= (last?.id ?? 0)) this.reached = 0;
    return this.reached + SPAN;
  }

  /** By the clock that dated the messages. */
  private async now(): Promise<number> {
    const [row] = await this.sql.rows<{ now: Date }>('SELECT NOW(3) AS now');
    if (!row) throw new Error('the database does not tell the time');
    return row.now.getTime();
  }
}
