import { randomUUID } from 'node:crypto';
import type { ConversationKind } from '../../src/kernel/contracts/conversation';
import {
  type Audience,
  Audiences,
  ConversationDirectory,
  ConversationHistory,
  ConversationLog,
  type ConversationRef,
  Inbox,
  Marks,
  Retention,
  UnreadTotals,
} from '../../src/modules/conversations';
import { LogBatch } from '../../src/modules/conversations/log/log-batch';
import { LogChanges } from '../../src/modules/conversations/log/log-changes';
import { LogWriter } from '../../src/modules/conversations/log/log-writer';
import { Repeats } from '../../src/modules/conversations/log/repeats';
import { MessageIds } from '../../src/modules/conversations/message-ids';
import { NodeIdentity } from '../../src/platform/config/node-identity';
import { Sql, type SqlValue } from '../../src/platform/database/sql';
import { Drainables } from '../../src/platform/lifecycle/drainables';
import { Outbox } from '../../src/platform/queues/outbox';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

const open = (kind: ConversationKind): Audience => ({
  kind,
  reachesAbsentMembers: true,
  open: () => {
    throw new Error('not used here');
  },
  admit: (_tx, admissions) => Promise.resolve(admissions.map(() => undefined)),
  hearers: () => [],
  members: () => {
    throw new Error('not used here');
  },
  window: () => Promise.resolve({ from: 1 }),
});

const app = { pk: 1, appId: 'app', version: 1 };
const LIMIT = new Map([[app.pk, 7]]);
const [ANN, BOB, CAT] = [11, 12, 13];

describe('messages beyond their app’s limit', () => {
  let database: ScratchDatabase;
  let sql: Sql;
  let log: ConversationLog;
  let directory: ConversationDirectory;
  let history: ConversationHistory;
  let inbox: Inbox;
  let marks: Marks;
  let totals: UnreadTotals;
  let retention: Retention;

  beforeAll(async () => {
    database = await aScratchDatabase();
    sql = new Sql(database.settings);
    const drainables = new Drainables();
    const audiences = new Audiences();
    audiences.names = {
      namesOf: (pks) => Promise.resolve(new Map(pks.map((pk) => [pk, `u${pk}`]))),
      pkOf: (_app, userId) => Promise.resolve(Number(userId.slice(1))),
      facesOf: () => Promise.resolve(new Map()),
      everyPkOf: () => Promise.resolve([]),
    };
    audiences.register(open('user'));
    audiences.register(open('group'));
    directory = new ConversationDirectory(sql, audiences, new MessageIds(database.settings));
    const writer = new LogWriter(new Outbox(sql), new NodeIdentity());
    log = new ConversationLog(
      sql,
      new LogBatch(audiences, writer, new Repeats(sql, directory)),
      new LogChanges(sql, writer),
      drainables,
    );
    history = new ConversationHistory(sql, audiences, directory);
    inbox = new Inbox(sql);
    marks = new Marks(sql, drainables);
    retention = new Retention(sql, history);
    totals = new UnreadTotals(sql, inbox);
  });

  /** What a badge says is what the list says, whatever a test has done. */
  afterEach(async () => {
    const rows = await sql.rows<{ userPk: number }>('SELECT DISTINCT userPk FROM members');
    const userPks = rows.map(({ userPk }) => userPk);
    const lists = await Promise.all(userPks.map((userPk) => inbox.latest(userPk, 1000)));
    const sums = userPks.map((userPk, index): [number, number] => [
      userPk,
      (lists[index] ?? []).reduce((sum, entry) => sum + entry.unread, 0),
    ]);
    expect(await totals.of(userPks)).toEqual(new Map(sums));
  });

  afterAll(async () => {
    await sql.onApplicationShutdown();
    await database.drop();
  });

  let nextTarget = 1000;
  const aConversation = (kind: 'user' | 'group', appPk = app.pk): Promise<ConversationRef> => {
    const [low, high] = kind === 'user' ? [ANN, nextTarget++] : [nextTarget++, 0];
    const members = kind === 'user' ? [low, high] : [ANN, BOB, CAT];
    return directory.open(appPk, kind, low, high, kind === 'user' ? `user:u${low}:u${high}` : `group:g${low}`, members);
  };
  const say = async (conversation: ConversationRef, ...senders: number[]): Promise<void> => {
    for (const userPk of senders)
      await log.append({
        app,
        conversation,
        sender: { userPk, userId: `u${userPk}` },
        clientMessageId: randomUUID(),
        type: 'text',
        body: '{"text":"hi"}',
        ext: null,
        counts: true,
      });
  };
  const age = (conversation: ConversationRef, upTo: number, days: number) =>
    sql.run('UPDATE messages SET sentAt = NOW(3) - INTERVAL ? DAY WHERE conversationPk = ? AND seq <= ?', [
      days,
      conversation.pk,
      upTo,
    ]);
  const tidy = async (text: string, values: SqlValue[]) => (await sql.run(text, [...values, 1000])).affectedRows;
  const seqs = async (conversation: ConversationRef) =>
    (await history.page(conversation, { from: 1 }, { after: 0, limit: 100 })).map(({ seq }) => seq);
  const rowsOf = async (conversation: ConversationRef) =>
    (await sql.rows('SELECT seq FROM messages WHERE conversationPk = ?', [conversation.pk])).length;
  const unread = async (conversation: ConversationRef, userPk: number) =>
    (await inbox.entry(userPk, conversation.pk))?.unread;

  it('are gone, those within it stay, and new ones follow on without a hole', async () => {
    const conversation = await aConversation('user');
    await say(conversation, ANN, ANN, ANN, ANN, ANN);
    await age(conversation, 3, 8);
    expect(await retention.round(LIMIT, tidy)).toBe(3);
    expect(await seqs(conversation)).toEqual([4, 5]);
    await say(conversation, ANN);
    expect(await seqs(conversation)).toEqual([4, 5, 6]);
    expect(await inbox.entry(ANN, conversation.pk)).toMatchObject({ minSeq: 4, maxSeq: 6 });
    expect(await retention.round(LIMIT, tidy)).toBe(0);
  });

  it('count for nobody any more: unread is what stands, for the one who read nothing and for the one who read some', async () => {
    const conversation = await aConversation('user');
    const peer = conversation.highPk;
    await say(conversation, ANN, peer, ANN, ANN, peer, ANN, ANN);
    expect([await unread(conversation, ANN), await unread(conversation, peer)]).toEqual([2, 5]);
    await age(conversation, 4, 8);
    await retention.round(LIMIT, tidy);
    // 5 by the peer, 6 and 7 by Ann.
    expect([await unread(conversation, ANN), await unread(conversation, peer)]).toEqual([1, 2]);
    await sql.transaction((tx) => marks.read(tx, conversation, peer, 6));
    expect([await unread(conversation, ANN), await unread(conversation, peer)]).toEqual([1, 1]);
    await say(conversation, ANN, peer);
    expect([await unread(conversation, ANN), await unread(conversation, peer)]).toEqual([2, 2]);
  });

  it('leave a group’s unread exact as well, where everybody’s own messages count apart', async () => {
    const conversation = await aConversation('group');
    await say(conversation, ANN, BOB, BOB, CAT, ANN, BOB);
    await sql.transaction((tx) => marks.read(tx, conversation, CAT, 5));
    await age(conversation, 3, 30);
    await retention.round(LIMIT, tidy);
    // 4 by Cat, 5 by Ann, 6 by Bob.
    expect(await Promise.all([ANN, BOB, CAT].map((userPk) => unread(conversation, userPk)))).toEqual([2, 2, 1]);
    await sql.transaction((tx) => marks.read(tx, conversation, BOB, 4));
    await say(conversation, CAT);
    expect(await Promise.all([ANN, BOB, CAT].map((userPk) => unread(conversation, userPk)))).toEqual([3, 2, 1]);
  });

  it('may be all there are: the log is empty, nothing is unread, and numbers go on', async () => {
    for (const kind of ['user', 'group'] as const) {
      const conversation = await aConversation(kind);
      const reader = kind === 'user' ? conversation.highPk : BOB;
      await say(conversation, ANN, ANN);
      await age(conversation, 2, 8);
      expect(await retention.round(LIMIT, tidy)).toBe(2);
      expect(await seqs(conversation)).toEqual([]);
      expect(await inbox.entry(reader, conversation.pk)).toMatchObject({ unread: 0, minSeq: 3, maxSeq: 2, readSeq: 2 });
      await say(conversation, ANN);
      expect(await seqs(conversation)).toEqual([3]);
      expect(await unread(conversation, reader)).toBe(1);
    }
  });

  it('are not read from the moment they are hidden, and a round that was cut short is finished by the next', async () => {
    const conversation = await aConversation('user');
    await say(conversation, ANN, ANN, ANN);
    await age(conversation, 2, 8);
    const stopped = retention.round(LIMIT, () => Promise.reject(new Error('stopped here')));
    await expect(stopped).rejects.toThrow('stopped here');
    expect(await seqs(conversation)).toEqual([3]);
    expect(await rowsOf(conversation)).toBe(3);
    expect(await retention.round(LIMIT, tidy)).toBe(2);
    expect(await rowsOf(conversation)).toBe(1);
  });

  it('are kept where the app has no limit, or a longer one', async () => {
    const [mine, other] = [await aConversation('user'), await aConversation('user', 2)];
    for (const conversation of [mine, other]) {
      await say(conversation, ANN, ANN);
      await age(conversation, 2, 20);
    }
    expect(await retention.round(new Map(), tidy)).toBe(0);
    expect(
      await retention.round(
        new Map([
          [app.pk, 30],
          [3, 1],
        ]),
        tidy,
      ),
    ).toBe(0);
    expect(await retention.round(LIMIT, tidy)).toBe(2);
    expect([await rowsOf(mine), await rowsOf(other)]).toEqual([0, 2]);
  });

  it('go while others write: nothing new is lost or numbered twice', async () => {
    const conversation = await aConversation('user');
    await say(conversation, ANN, ANN, ANN, ANN);
    await age(conversation, 4, 8);
    await Promise.all([
      say(conversation, ANN, ANN, ANN, ANN, ANN),
      say(conversation, conversation.highPk, conversation.highPk),
      retention.round(LIMIT, tidy),
    ]);
    expect(await seqs(conversation)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect([await unread(conversation, ANN), await unread(conversation, conversation.highPk)]).toEqual([2, 5]);
  });
});
