import { parseConversationId } from '../../kernel/contracts/conversation';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import type { Sql } from '../../platform/database/sql';
import type { Audiences } from './audiences';
import { CONVERSATION_KEYS, type ConversationKeys } from './conversation-keys';
import { countOfOthers } from './inbox';
import { KIND_CODES } from './kinds';

/** A conversation as its two sides name it now; for a system conversation the second is 0. */
export interface Sides {
  readonly appPk: number;
  readonly kind: ConversationKind;
  readonly lowPk: number;
  readonly highPk: number;
  readonly conversationId: string;
}

type Row = ConversationKeys & { maxSeq: number; countSeq: number; lowCount: number };

/**
 * A re-created user is another user under the same id as a deleted one, so `user:{a}:{b}` names one log for both: it goes
 * on above its head for the new one, who may read and do nothing below (docs/adr/0026). Its row is handed over when the
 * new user's conversation is opened for the first time.
 */
export class Succession {
  constructor(
    private readonly sql: Sql,
    private readonly audiences: Audiences,
  ) {}

  /** The log of this name that an earlier user took part in. */
  async find(sides: Sides): Promise<ConversationKeys | undefined> {
    const [ones, others] = await this.holders(sides);
    if (ones.length < 2 && others.length < 2) return undefined;
    const of = `SELECT ${CONVERSATION_KEYS} FROM conversations WHERE appPk = ? AND kind = ?`;
    const [row] = await this.sql.rows<ConversationKeys>(
      `${of} AND lowPk IN (?) AND highPk IN (?) UNION ${of} AND lowPk IN (?) AND highPk IN (?) ORDER BY id DESC LIMIT 1`,
      [...[sides.appPk, KIND_CODES[sides.kind], ones, others], ...[sides.appPk, KIND_CODES[sides.kind], others, ones]],
    );
    return row;
  }

  /** Hands the log over to those who hold the names now. Safe to run at once on many nodes, and twice. */
  async takeOver(conversationPk: number, sides: Sides): Promise<void> {
    const [ones] = await this.holders(sides);
    const wanted = [sides.lowPk, sides.highPk];
    const one = wanted.find((pk) => ones.includes(pk)) ?? 0;
    const other = wanted.find((pk) => !ones.includes(pk)) ?? one;
    const now = (pk: number): number => (pk === 0 ? 0 : ones.includes(pk) ? one : other);
    await this.sql.transaction(async (tx) => {
      const [row] = await tx.rows<Row>(
        `SELECT ${CONVERSATION_KEYS}, maxSeq, countSeq, lowCount FROM conversations WHERE id = ? FOR UPDATE`,
        [conversationPk],
      );
      if (!row) return;
      const next = { kind: sides.kind, lowPk: now(row.lowPk), highPk: now(row.highPk) };
      const from = row.maxSeq + 1;
      const lowFrom = next.lowPk === row.lowPk ? row.lowFrom : from;
      const highFrom = next.highPk === row.highPk ? row.highFrom : from;
      const gone = [row.lowPk, row.highPk].filter((pk) => pk !== 0 && now(pk) !== pk);
      if (gone.length === 0) return;
      await tx.run(
        `UPDATE conversations SET lowPk = ?, highPk = ?, lowFrom = ?, highFrom = ?, memberVersion = memberVersion + 1
          WHERE id = ?`,
        [next.lowPk, next.highPk, lowFrom, highFrom, row.id],
      );
      for (const before of new Set(gone)) {
        // The other side goes on seeing how far the one before had read.
        const readCount = countOfOthers(next, now(before), row);
        await tx.run(
          `INSERT INTO members (userPk, conversationPk, appPk, joinSeq, hearSeq, clearSeq, readSeq, deliveredSeq, readCount)
           SELECT ?, c.id, c.appPk, ?, ?, ?, COALESCE(m.readSeq, 0), COALESCE(m.deliveredSeq, 0), ?
             FROM conversations c LEFT JOIN members m ON m.userPk = ? AND m.conversationPk = c.id WHERE c.id = ?
           ON DUPLICATE KEY UPDATE joinSeq = VALUES(joinSeq), hearSeq = VALUES(hearSeq), clearSeq = VALUES(clearSeq)`,
          [now(before), from, from, row.maxSeq, readCount, before, row.id],
        );
        await tx.run('UPDATE members SET leaveSeq = ? WHERE userPk = ? AND conversationPk = ?', [
          row.maxSeq,
          before,
          row.id,
        ]);
      }
    });
  }

  /** Everybody who holds or has held the names of the two sides. */
  private async holders({ appPk, kind, conversationId }: Sides): Promise<[number[], number[]]> {
    const name = parseConversationId(conversationId);
    const { names } = this.audiences;
    if (name?.kind === 'user' && kind === 'user') {
      return Promise.all([name.low, name.high].map(async (id) => [...(await names.everyPkOf(appPk, id))])) as Promise<
        [number[], number[]]
      >;
    }
    if (name?.kind !== 'system') return [[], []];
    return [[...(await names.everyPkOf(appPk, name.id))], [0]];
  }
}
