import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { FingerprintOnDemand1795252000000 } from '../../src/migrations/1795252000000-FingerprintOnDemand';
import { AppError } from '../../src/kernel/errors/app-error';
import { NodeIdentity } from '../../src/platform/config/node-identity';
import { Sql, type SqlExecutor } from '../../src/platform/database/sql';
import { Drainables } from '../../src/platform/lifecycle/drainables';
import { Outbox } from '../../src/platform/queues/outbox';
import type { Admission, Audience, ConversationRef } from '../../src/modules/conversations';
import {
  Audiences,
  ConversationDirectory,
  ConversationHistory,
  ConversationLog,
  Inbox,
  Marks,
} from '../../src/modules/conversations';
import { fingerprintOf } from '../../src/modules/conversations/log/draft';
import { LogBatch } from '../../src/modules/conversations/log/log-batch';
import { LogChanges } from '../../src/modules/conversations/log/log-changes';
import { LogWriter } from '../../src/modules/conversations/log/log-writer';
import { Repeats } from '../../src/modules/conversations/log/repeats';
import { MessageIds } from '../../src/modules/conversations/message-ids';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

/** Everybody may speak to everybody, except those whose pk is listed. */
class OpenAudience implements Audience {
  readonly kind = 'user';
  readonly reachesAbsentMembers = true;
  readonly refused = new Map<number, AppError>();
  admitWrites?: true;
  /** Conversations asked about, once for each message. */
  asked: number[] = [];
  open(): never {
    throw new Error('not used here');
  }
  admit(_tx: unknown, admissions: readonly Admission[]) {
    this.asked.push(...admissions.map(({ conversation }) => conversation.pk));
    return Promise.resolve(admissions.map(({ sender }) => this.refused.get(sender?.userPk ?? 0)));
  }
  hearers(conversation: ConversationRef) {
    return [conversation.lowPk, conversation.highPk];
  }
  async *members(conversation: ConversationRef) {
    yield await Promise.resolve([conversation.lowPk, conversation.highPk]);
  }
  window() {
    return Promise.resolve({ from: 1 });
  }
}

const app = { pk: 1, appId: 'app', version: 1 };
const names = {
  namesOf: (pks: readonly number[]) => Promise.resolve(new Map(pks.map((pk) => [pk, `u${pk}`]))),
  pkOf: (_app: number, userId: string) => Promise.resolve(Number(userId.slice(1))),
  facesOf: () => Promise.resolve(new Map()),
  everyPkOf: () => Promise.resolve([]),
};

describe('the conversation log', () => {
  let database: ScratchDatabase;
  let sql: Sql;
  let log: ConversationLog;
  let writer: LogWriter;
  let directory: ConversationDirectory;
  let history: ConversationHistory;
  let inbox: Inbox;
  let marks: Marks;
  let audience: OpenAudience;

  beforeAll(async () => {
    database = await aScratchDatabase();
    sql = new Sql(database.settings);
    const drainables = new Drainables();
    const audiences = new Audiences();
    audiences.names = names;
    directory = new ConversationDirectory(sql, audiences, new MessageIds(database.settings));
    audience = new OpenAudience();
    audiences.register(audience);
    writer = new LogWriter(new Outbox(sql), new NodeIdentity());
    log = new ConversationLog(
      sql,
      new LogBatch(audiences, writer, new Repeats(sql, directory)),
      new LogChanges(sql, writer),
      drainables,
    );
    history = new ConversationHistory(sql, audiences, directory);
    inbox = new Inbox(sql);
    marks = new Marks(sql, drainables);
  });

  afterAll(async () => {
    await sql.onApplicationShutdown();
    await database.drop();
  });

  let nextPk = 100;
  const aConversation = async () => {
    const low = nextPk++;
    const high = nextPk++;
    const conversation = await directory.open(app.pk, 'user', low, high, `user:u${low}:u${high}`, [low, high]);
    return { low, high, conversation };
  };
  const draft = (
    conversation: ConversationRef,
    userPk: number,
    text = 'hi',
    clientMessageId: string = randomUUID(),
  ) => ({
    app,
    conversation,
    sender: { userPk, userId: `u${userPk}` },
    clientMessageId,
    type: 'text',
    body: JSON.stringify({ text }),
    ext: null,
    counts: true,
  });

  it('numbers each conversation 1, 2, 3 … in the order of the calls, however many are stored together', async () => {
    const conversations = await Promise.all(Array.from({ length: 20 }, aConversation));
    const sent = conversations.map(() => [] as Promise<number>[]);
    for (let round = 0; round < 50; round++) {
      conversations.forEach(({ conversation, low }, index) =>
        sent[index].push(log.append(draft(conversation, low, `${round}`)).then(({ message }) => message.seq)),
      );
    }
    for (const [index, { conversation }] of conversations.entries()) {
      expect(await Promise.all(sent[index])).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      const page = await history.page(conversation, { from: 1 }, { after: 0, limit: 100 });
      expect(page.map((message) => JSON.parse(message.body).text)).toEqual(
        Array.from({ length: 50 }, (_, i) => `${i}`),
      );
    }
  });

  it('stores a repeated clientMessageId once and answers each repeat with the stored message', async () => {
    const { conversation, low } = await aConversation();
    const same = draft(conversation, low, 'once');
    const answers = await Promise.all(Array.from({ length: 5 }, () => log.append(same)));
    const later = await log.append(same);
    expect(new Set([...answers, later].map(({ message }) => message.seq))).toEqual(new Set([1]));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(later.duplicate).toBe(true);
    expect(await history.page(conversation, { from: 1 }, { limit: 10 })).toHaveLength(1);
  });

  it('refuses another content under the same clientMessageId, here and in another conversation', async () => {
    const one = await aConversation();
    const id = randomUUID();
    await log.append(draft(one.conversation, one.low, 'first', id));
    await expect(log.append(draft(one.conversation, one.low, 'second', id))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    const other = await directory.open(app.pk, 'user', one.low, nextPk++, 'user:x:y', []);
    await expect(log.append(draft(other, one.low, 'first', id))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  it('knows a repeat by whom it was meant for as well, in whatever order they were named', async () => {
    const { conversation, low, high } = await aConversation();
    const toBoth = new Map([
      [high, `u${high}`],
      [low, `u${low}`],
    ]);
    const directed = { ...draft(conversation, low), recipients: toBoth };
    await log.append(directed);
    const again = await log.append({ ...directed, recipients: new Map([...toBoth].reverse()) });
    expect([again.duplicate, again.message.recipients]).toEqual([true, toBoth]);
    for (const recipients of [null, new Map([[high, `u${high}`]])]) {
      await expect(log.append({ ...directed, recipients })).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    }
  });

  it('knows a repeat of a message that does not say any more what was sent', async () => {
    const { conversation, low } = await aConversation();
    const first = draft(conversation, low, 'as it was sent');
    const { message } = await log.append(first);
    const changed = JSON.stringify({ text: 'as it was changed' });
    await sql.run('UPDATE messages SET fingerprint = ?, body = ? WHERE conversationPk = ? AND seq = ?', [
      fingerprintOf(first),
      changed,
      conversation.pk,
      message.seq,
    ]);
    expect(await log.append(first)).toMatchObject({ duplicate: true, message: { seq: message.seq, body: changed } });
    await expect(log.append({ ...first, body: changed })).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('gives the version before what it needs to know repeats, when it is taken back', async () => {
    const { conversation, low, high } = await aConversation();
    const several = new Map([low, high, 7].map((userPk) => [userPk, `u${userPk}`]));
    const drafts = [
      draft(conversation, low, 'plain'),
      { ...draft(conversation, low, '你好 😀 "quoted" \\ \n'), ext: '{"é":"😀"}' },
      { ...draft(conversation, high), recipients: several },
    ];
    const sent = await Promise.all(drafts.map((each) => log.append(each)));
    const migration = new FingerprintOnDemand1795252000000();
    const runner = { query: (text: string) => sql.run(text) } as unknown as QueryRunner;
    await migration.down(runner);
    const rows = await sql.rows<{ seq: number; fingerprint: Buffer }>(
      'SELECT seq, fingerprint FROM messages WHERE conversationPk = ?',
      [conversation.pk],
    );
    await migration.up(runner);
    const fingerprints = new Map(rows.map(({ seq, fingerprint }) => [seq, fingerprint.toString('hex')]));
    expect(sent.map(({ message }) => fingerprints.get(message.seq))).toEqual(
      drafts.map((each) => fingerprintOf(each).toString('hex')),
    );
    for (const each of drafts) expect((await log.append(each)).duplicate).toBe(true);
  });

  it('keeps the ids of two senders apart', async () => {
    const { conversation, low, high } = await aConversation();
    const id = randomUUID();
    const [a, b] = await Promise.all([
      log.append(draft(conversation, low, 'a', id)),
      log.append(draft(conversation, high, 'b', id)),
    ]);
    expect([a.duplicate, b.duplicate, a.message.seq + b.message.seq]).toEqual([false, false, 3]);
  });

  it('refuses one message of a batch without harm to the others, and leaves no hole', async () => {
    const { conversation, low, high } = await aConversation();
    audience.refused.set(high, new AppError('FORBIDDEN'));
    const results = await Promise.allSettled([
      log.append(draft(conversation, low)),
      log.append(draft(conversation, high)),
      log.append(draft(conversation, low)),
    ]);
    audience.refused.clear();
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await history.page(conversation, { from: 1 }, { after: 0, limit: 9 })).map(({ seq }) => seq)).toEqual([
      1, 2,
    ]);
  });

  it('counts as unread exactly what the other side sent after the read mark', async () => {
    const { conversation, low, high } = await aConversation();
    for (const userPk of [high, high, low, high, low]) await log.append(draft(conversation, userPk));
    await log.append({ ...draft(conversation, high), type: 'command', counts: false });
    const unread = async (userPk: number) => (await inbox.entry(userPk, conversation.pk))?.unread;
    expect([await unread(low), await unread(high)]).toEqual([3, 2]);
    await sql.transaction((tx) => marks.read(tx, conversation, low, 2));
    expect(await unread(low)).toBe(1);
    await sql.transaction((tx) => marks.read(tx, conversation, low, 1));
    expect(await unread(low)).toBe(1);
    await sql.transaction((tx) => marks.read(tx, conversation, high, 999));
    expect([await unread(low), await unread(high)]).toEqual([1, 0]);
  });

  it('leaves each head where its last message is, by whatever steps the heads of a commit move', async () => {
    const conversations = await Promise.all(Array.from({ length: 12 }, aConversation));
    const sent = conversations.flatMap(({ conversation, low, high }, index) =>
      Array.from({ length: 1 + (index % 4) }, (_, n) =>
        log.append({ ...draft(conversation, (index + n) % 3 ? low : high), counts: (index * n) % 5 !== 1 }),
      ),
    );
    await Promise.all(sent);
    const wrong = await sql.rows(
      `SELECT c.id FROM conversations c
         LEFT JOIN messages m ON m.conversationPk = c.id AND m.seq = c.maxSeq
           AND m.countSeq = c.countSeq AND m.lowCount = c.lowCount AND m.sentAt = c.lastAt
        WHERE c.id IN (?)
          AND (m.seq IS NULL OR c.maxSeq <> (SELECT COUNT(*) FROM messages a WHERE a.conversationPk = c.id))`,
      [conversations.map(({ conversation }) => conversation.pk)],
    );
    expect(wrong).toEqual([]);
  });

  it('never lets the time of a log fall, though the clock of the database is set back', async () => {
    const { conversation, low } = await aConversation();
    await log.append(draft(conversation, low));
    const ahead = '2099-01-02 03:04:05.678';
    await sql.run('UPDATE conversations SET lastAt = ? WHERE id = ?', [ahead, conversation.pk]);
    const { message } = await log.append(draft(conversation, low));
    expect(new Date(message.sentAt).toISOString()).toBe('2099-01-02T03:04:05.678Z');
    const [stored] = await history.page(conversation, { from: 1 }, { limit: 1 });
    expect(stored.sentAt).toBe(message.sentAt);
  });

  it('gives back body and ext as they were written, key order, escapes and all', async () => {
    const { conversation, low } = await aConversation();
    const body = '{"z":1,"a":"\\ud83d\\ude00 \\ud800 \\"\\u0000","n":[1.5,null]}';
    await log.append({ ...draft(conversation, low), body, ext: '{"b":1,"a":2}' });
    const [message] = await history.page(conversation, { from: 1 }, { limit: 1 });
    expect([message?.body, message?.ext]).toEqual([body, '{"b":1,"a":2}']);
  });

  it('answers RETRY when the conversation stays locked, and stores the message once when it is sent again', async () => {
    const { conversation, low } = await aConversation();
    const blocker = await sql.pool.getConnection();
    await blocker.query('START TRANSACTION');
    await blocker.query('SELECT id FROM conversations WHERE id = ? FOR UPDATE', [conversation.pk]);
    const message = draft(conversation, low);
    await expect(log.append(message)).rejects.toMatchObject({ code: 'RETRY' });
    await blocker.query('ROLLBACK');
    blocker.release();
    await log.append(message);
    await log.append(message);
    expect((await history.page(conversation, { from: 1 }, { limit: 9 })).map(({ seq }) => seq)).toEqual([1]);
  }, 60_000);

  it('holds up only those who write to a locked conversation, and stores what waited in its order', async () => {
    const stuck = await aConversation();
    const others = await Promise.all(Array.from({ length: 10 }, aConversation));
    const blocker = await sql.pool.getConnection();
    await blocker.query('START TRANSACTION');
    await blocker.query('SELECT id FROM conversations WHERE id = ? FOR UPDATE', [stuck.conversation.pk]);
    const waiting = ['1', '2', '3'].map((text) => log.append(draft(stuck.conversation, stuck.low, text)));
    const answered = others.map(({ conversation, low }) => log.append(draft(conversation, low)));
    const first = await Promise.race([Promise.all(answered), ...waiting]);
    expect(first).toHaveLength(others.length);
    waiting.push(log.append(draft(stuck.conversation, stuck.low, '4')));
    await blocker.query('ROLLBACK');
    blocker.release();
    expect((await Promise.all(waiting)).map(({ message }) => [message.seq, message.body])).toEqual(
      ['1', '2', '3', '4'].map((text, index) => [index + 1, JSON.stringify({ text })]),
    );
  });

  it('asks an audience that notes what it admits once about each message, also about one that has to wait', async () => {
    const [stuck, free] = [await aConversation(), await aConversation()];
    const blocker = await sql.pool.getConnection();
    await blocker.query('START TRANSACTION');
    await blocker.query('SELECT id FROM conversations WHERE id = ? FOR UPDATE', [stuck.conversation.pk]);
    audience.admitWrites = true;
    audience.asked = [];
    try {
      const waiting = log.append(draft(stuck.conversation, stuck.low));
      await log.append(draft(free.conversation, free.low));
      expect(audience.asked).toEqual([free.conversation.pk]);
      await blocker.query('ROLLBACK');
      await waiting;
      expect(audience.asked).toEqual([free.conversation.pk, stuck.conversation.pk]);
    } finally {
      audience.admitWrites = undefined;
      blocker.release();
    }
  });

  it('finds the first message since a time, and pages both ways with exclusive bounds', async () => {
    const { conversation, low } = await aConversation();
    for (let index = 0; index < 7; index++) await log.append(draft(conversation, low));
    const all = await history.page(conversation, { from: 1 }, { after: 0, limit: 100 });
    expect(await history.firstSeqSince(conversation, new Date(all[3].sentAt))).toBe(
      all.findIndex(({ sentAt }) => sentAt >= all[3].sentAt) + 1,
    );
    expect(await history.firstSeqSince(conversation, new Date(Date.now() + 60_000))).toBe(8);
    const seqs = async (bounds: object) =>
      (await history.page(conversation, { from: 2, to: 6 }, { limit: 3, ...bounds })).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([6, 5, 4]);
    expect(await seqs({ before: 4 })).toEqual([3, 2]);
    expect(await seqs({ after: 4 })).toEqual([5, 6]);
    expect(await seqs({ after: 6 })).toEqual([]);
  });

  /** A database whose first answer is lost, after the COMMIT or before it. */
  const losing = (when: 'after' | 'before'): Sql => {
    let lost = false;
    const gone = () => new AppError('RETRY', {}, { cause: Object.assign(new Error('gone'), { fatal: true }) });
    const transaction = async <T>(work: (tx: SqlExecutor) => Promise<T>): Promise<T> => {
      if (lost) return sql.transaction(work);
      lost = true;
      if (when === 'after') {
        await sql.transaction(work);
        throw gone();
      }
      const rollback = new Error('rolled back');
      await sql
        .transaction(async (tx) => {
          await work(tx);
          throw rollback;
        })
        .catch((error: unknown) => {
          if (error !== rollback) throw error;
        });
      throw gone();
    };
    return Object.assign(Object.create(sql) as Sql, { transaction });
  };

  it.each(['after', 'before'] as const)(
    'makes a change once, and answers what it made, when the database is lost %s the COMMIT',
    async (when) => {
      const { conversation } = await aConversation();
      const changes = new LogChanges(losing(when), writer);
      let times = 0;
      const changed = await changes.run(app, conversation, (_tx, { head }) =>
        Promise.resolve({
          result: { at: head.maxSeq + 1, time: ++times },
          notices: [{ body: '{"kind":"one"}' }, { body: '{"kind":"two"}' }],
          membersChanged: true,
        }),
      );
      expect(times).toBe(when === 'after' ? 1 : 2);
      expect(changed.result).toEqual({ at: 1, time: times });
      const stored = await history.page(conversation, { from: 1 }, { after: 0, limit: 10 });
      expect(stored.map(({ seq, type, body }) => [seq, type, body])).toEqual([
        [1, 'notice', '{"kind":"one"}'],
        [2, 'notice', '{"kind":"two"}'],
      ]);
      expect(changed.appended.map(({ message }) => message.id)).toEqual(stored.map(({ id }) => id));
      const sent = await log.append(draft(conversation, conversation.lowPk));
      expect([sent.message.seq, sent.memberVersion]).toEqual([3, changed.memberVersion]);
    },
  );

  it('leaves nothing of a change that is refused', async () => {
    const { conversation, low } = await aConversation();
    const refused = log.change(app, conversation, async (tx) => {
      await tx.run('UPDATE members SET pinned = 1 WHERE userPk = ? AND conversationPk = ?', [low, conversation.pk]);
      throw new AppError('FORBIDDEN');
    });
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await inbox.entry(low, conversation.pk))?.pinned).toBe(false);
    expect(await history.page(conversation, { from: 1 }, { limit: 10 })).toEqual([]);
  });
});
