import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import { Sql } from '../../platform/database/sql';
import { KIND_CODES } from './kinds';

/** A conversation of an app, whoever is in it. */
export interface AppEntry {
  readonly conversationPk: number;
  /** KIND_CODES. */
  readonly kind: number;
  readonly lowPk: number;
  readonly highPk: number;
  readonly maxSeq: number;
  /** The app sees every message. */
  readonly lastSeq: number;
  readonly minSeq: number;
}

/** Where a list of them goes on: the key of the last entry. */
export type AppEntryKey = readonly [kind: number, lowPk: number, highPk: number];

/** All conversations of an app in which something was said, in the order of their unique key, which no write changes. */
@Injectable()
export class AppConversations {
  constructor(private readonly sql: Sql) {}

  /** @param kind only those of this kind */
  async page(appPk: number, limit: number, kind?: ConversationKind, after?: AppEntryKey): Promise<AppEntry[]> {
    const codes = Object.values(KIND_CODES).filter((code) => code >= (after?.[0] ?? 0));
    const entries: AppEntry[] = [];
    for (const code of kind ? codes.filter((one) => one === KIND_CODES[kind]) : codes) {
      const [low, high] = after?.[0] === code ? [after[1], after[2]] : [0, 0];
      entries.push(
        ...(await this.sql.rows<AppEntry>(
          `SELECT id AS conversationPk, kind, lowPk, highPk, maxSeq, maxSeq AS lastSeq, minSeq FROM conversations
            WHERE appPk = ? AND kind = ? AND (lowPk > ? OR (lowPk = ? AND highPk > ?)) AND maxSeq > 0
            ORDER BY lowPk, highPk LIMIT ?`,
          [appPk, code, low, low, high, limit - entries.length],
        )),
      );
      if (entries.length >= limit) break;
    }
    return entries;
  }
}
