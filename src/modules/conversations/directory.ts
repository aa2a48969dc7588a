import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { ConversationKind, ConversationName } from '../../kernel/contracts/conversation';
import { directConversationId } from '../../kernel/contracts/conversation';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import type { ConversationRef } from './audience';
import { Audiences } from './audiences';
import { CONVERSATION_KEYS as KEYS, type ConversationKeys } from './conversation-keys';
import { KIND_CODES, kindOf } from './kinds';
import { MessageIds } from './message-ids';
import { type Sides, Succession } from './succession';

const CACHED_MAX = 200_000;
const BY_PK_MS = 60_000;

/** Finds and makes conversations. A reference never changes under its two users, so under these it is cached without expiry. */
@Injectable()
export class ConversationDirectory {
  /** Those that `open` has seen through: their members are there. What was only looked up is not among them. */
  private readonly opened = new LRUCache<string, ConversationRef>({ max: CACHED_MAX });
  /** By its own key it may come to name others: a re-created user takes the place of their predecessor. */
  private readonly byPk = new LRUCache<number, ConversationRef>({
    max: CACHED_MAX,
    ttl: BY_PK_MS,
    ttlResolution: 1000,
  });
  private readonly succession: Succession;

  constructor(
    private readonly sql: Sql,
    private readonly audiences: Audiences,
    private readonly ids: MessageIds,
  ) {
    this.succession = new Succession(sql, audiences);
  }

  /** What is in memory: no promise on the hot path. */
  cached(appPk: number, kind: ConversationKind, lowPk: number, highPk: number): ConversationRef | undefined {
    return this.opened.get(targetKey(appPk, kind, lowPk, highPk));
  }

  /** Likewise, by key. */
  cachedByPk(pk: number): ConversationRef | undefined {
    return this.byPk.get(pk);
  }

  /** The conversation of this target, made with these members when there is none yet. Safe to run at once on many nodes. */
  async open(
    appPk: number,
    kind: ConversationKind,
    lowPk: number,
    highPk: number,
    conversationId: string,
    memberPks: readonly number[],
  ): Promise<ConversationRef> {
    const known = this.cached(appPk, kind, lowPk, highPk);
    if (known) return known;
    const sides = { appPk, kind, lowPk, highPk, conversationId };
    let keys = await this.find(sides);
    if (!keys) {
      const before = await this.succession.find(sides);
      if (before) await this.succession.takeOver(before.id, sides);
      else {
        await this.sql.run('INSERT IGNORE INTO conversations (appPk, kind, lowPk, highPk) VALUES (?)', [
          [appPk, KIND_CODES[kind], lowPk, highPk],
        ]);
      }
      keys = await this.find(sides);
      if (!keys) throw new Error('a conversation just made is not there');
    }
    if (memberPks.length > 0) {
      const members = [...new Set(memberPks)].map((userPk) => [userPk, keys.id, appPk]);
      await this.sql.run('INSERT IGNORE INTO members (userPk, conversationPk, appPk) VALUES ?', [members]);
    }
    const conversation = this.remember(keys, conversationId);
    this.opened.set(targetKey(appPk, kind, lowPk, highPk), conversation);
    return conversation;
  }

  /** The conversation that a public id names, if there is one. Says nothing about who may read it. */
  async locate(appPk: number, name: ConversationName): Promise<ConversationRef | undefined> {
    const { names } = this.audiences;
    if (name.kind === 'user') {
      const [a, b] = await Promise.all([names.pkOf(appPk, name.low), names.pkOf(appPk, name.high)]);
      if (a === undefined || b === undefined) return undefined;
      const conversationId = directConversationId(name.low, name.high);
      return this.lookUp(appPk, 'user', Math.min(a, b), Math.max(a, b), conversationId);
    }
    if (name.kind !== 'system') return this.locateTarget(appPk, name.kind, name.id);
    const userPk = await names.pkOf(appPk, name.id);
    return userPk === undefined ? undefined : this.lookUp(appPk, 'system', userPk, 0, `system:${name.id}`);
  }

  private async locateTarget(
    appPk: number,
    kind: 'group' | 'chatroom',
    id: string,
  ): Promise<ConversationRef | undefined> {
    const targetPk = await this.audiences.of(kind)?.targets?.locate(appPk, id);
    return targetPk === undefined ? undefined : this.lookUp(appPk, kind, targetPk, 0, `${kind}:${id}`);
  }

  /**
   * Makes the conversation of a target that is made in the same transaction. Not remembered: whether it exists is known
   * after the commit.
   */
  async make(
    tx: SqlExecutor,
    appPk: number,
    kind: ConversationKind,
    targetPk: number,
    conversationId: string,
  ): Promise<ConversationRef> {
    const { insertId: pk } = await tx.run('INSERT INTO conversations (appPk, kind, lowPk, highPk) VALUES (?)', [
      [appPk, KIND_CODES[kind], targetPk, 0],
    ]);
    const sides = { lowPk: targetPk, highPk: 0, lowFrom: 1, highFrom: 1 };
    return { pk, appPk, kind, ...sides, conversationId, idPrefix: this.ids.prefix(pk) };
  }

  /** References by key, in no order; what does not exist is left out. */
  async byPks(pks: readonly number[]): Promise<Map<number, ConversationRef>> {
    const found = new Map<number, ConversationRef>();
    const missing: number[] = [];
    for (const pk of new Set(pks)) {
      const known = this.byPk.get(pk);
      if (known) found.set(pk, known);
      else missing.push(pk);
    }
    if (missing.length > 0) {
      const rows = await this.sql.rows<ConversationKeys>(`SELECT ${KEYS} FROM conversations WHERE id IN (?)`, [
        missing,
      ]);
      for (const conversation of await this.fromRows(rows)) found.set(conversation.pk, conversation);
    }
    return found;
  }

  private async fromRows(rows: ConversationKeys[]): Promise<ConversationRef[]> {
    const userPks = rows.flatMap(({ kind, lowPk, highPk }) =>
      kind === KIND_CODES.user ? [lowPk, highPk] : kind === KIND_CODES.system ? [lowPk] : [],
    );
    const names = await this.audiences.names.namesOf(userPks);
    const targets = await this.targetNames(rows);
    return rows.flatMap((row) => {
      const kind = kindOf(row.kind);
      const low = names.get(row.lowPk);
      const high = names.get(row.highPk);
      const conversationId =
        kind === 'user' && low && high
          ? directConversationId(low, high)
          : kind === 'system' && low
            ? `system:${low}`
            : (targets.get(`${row.kind}:${row.lowPk}`) ?? '');
      if (!conversationId) return [];
      return [this.remember(row, conversationId)];
    });
  }

  /** Conversation ids of those that have a target of their own, by kind and target. */
  private async targetNames(rows: readonly ConversationKeys[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const kind of ['group', 'chatroom'] as const) {
      const pks = rows.filter((row) => row.kind === KIND_CODES[kind]).map(({ lowPk }) => lowPk);
      const ids = pks.length > 0 ? await this.audiences.of(kind)?.targets?.publicIds(pks) : undefined;
      for (const [pk, id] of ids ?? []) found.set(`${KIND_CODES[kind]}:${pk}`, `${kind}:${id}`);
    }
    return found;
  }

  private async lookUp(
    appPk: number,
    kind: ConversationKind,
    lowPk: number,
    highPk: number,
    conversationId: string,
  ): Promise<ConversationRef | undefined> {
    const known = this.cached(appPk, kind, lowPk, highPk);
    if (known) return known;
    const sides = { appPk, kind, lowPk, highPk, conversationId };
    // What was said to a predecessor is still the other side's.
    const keys = (await this.find(sides)) ?? (await this.succession.find(sides));
    return keys && this.remember(keys, conversationId);
  }

  /** Whichever side was named first. */
  private async find({ appPk, kind, lowPk, highPk }: Sides): Promise<ConversationKeys | undefined> {
    const [row] = await this.sql.rows<ConversationKeys>(
      `SELECT ${KEYS} FROM conversations WHERE appPk = ? AND kind = ? AND (lowPk, highPk) IN (?)`,
      [
        appPk,
        KIND_CODES[kind],
        [
          [lowPk, highPk],
          [highPk, lowPk],
        ],
      ],
    );
    return row;
  }

  private remember(keys: ConversationKeys, conversationId: string): ConversationRef {
    const { id: pk, appPk, lowPk, highPk, lowFrom, highFrom } = keys;
    const kind = kindOf(keys.kind);
    const idPrefix = this.ids.prefix(pk);
    const conversation = { pk, appPk, kind, lowPk, highPk, lowFrom, highFrom, conversationId, idPrefix };
    this.byPk.set(pk, conversation);
    return conversation;
  }
}

const targetKey = (appPk: number, kind: ConversationKind, lowPk: number, highPk: number): string =>
  `${appPk}:${KIND_CODES[kind]}:${lowPk}:${highPk}`;
