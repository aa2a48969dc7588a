import { randomUUID } from 'node:crypto';
import type { WireConversation } from '../../../src/kernel/contracts/conversation';
import type { LogPage, WireMessage } from '../../../src/kernel/contracts/message';
import type { SyncReply, UserEvent } from '../../../src/kernel/contracts/socket-events';
import {
  aConnectedUser,
  aGroup,
  anApp,
  aUser,
  type ConnectedUser,
  type TestApp,
  type TestGroup,
} from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { upTo } from '../../support/messages';

const PAGE_BYTES = 256 * 1024;
/** Near the largest that a frame carries. */
const LARGE = 'x'.repeat(60_000);

describe('pages are bounded by bytes', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley({ LIMIT_APP_SENDS_PER_SECOND: '10000', LIMIT_APP_SENDS_BURST: '10000' });
    app = await anApp(parley);
    ann = await aConnectedUser(app);
  });
  afterAll(async () => {
    ann?.device.close();
    await parley?.stop();
  });

  const send = (from: string, to: { kind: string; id: string }, type: string, body: unknown) =>
    ok<WireMessage>(app.api.post('/v1/messages', { from, to, clientMessageId: randomUUID(), type, body }));
  const bytesOf = (answer: unknown): number => Buffer.byteLength(JSON.stringify(answer));

  /** Every page of a sync; none larger than a page may be. */
  async function syncAll(user: ConnectedUser, request: { userSeq: number; conversations: [string, number][] }) {
    const replies: SyncReply[] = [];
    for (let page: string | undefined; replies.length === 0 || page; page = replies[replies.length - 1].nextPage) {
      replies.push(await user.device.tell('sync', { ...request, ...(page !== undefined && { page }) }));
      expect(bytesOf(replies[replies.length - 1])).toBeLessThanOrEqual(PAGE_BYTES);
      expect(replies.length).toBeLessThan(200);
    }
    return replies;
  }

  it('forty conversations that end in a photo with a thumbnail are one small page, thumbnails left out', async () => {
    const bob = await aConnectedUser(app);
    const others = await Promise.all(upTo(40).map(() => aUser(app)));
    const thumbnail = 'A'.repeat(31 * 1024);
    const body = { thumbnail, url: 'https://example.com/a.jpg', width: 3 };
    await Promise.all(others.map(({ userId }) => send(userId, { kind: 'user', id: bob.userId }, 'image', body)));
    const replies = await syncAll(bob, { userSeq: 0, conversations: [] });
    expect(replies).toHaveLength(1);
    expect(replies[0].conversations).toHaveLength(40);
    for (const { lastMessage } of replies[0].conversations) {
      expect(lastMessage).toMatchObject({ body: { url: body.url, width: 3 }, truncated: true });
      expect(lastMessage?.body).not.toHaveProperty('thumbnail');
    }
    const list = await ok<{ items: WireConversation[] }>(bob.api.get('/v1/conversations?limit=100'));
    expect(list.items).toHaveLength(40);
    expect(bytesOf(list)).toBeLessThan(PAGE_BYTES / 4);
    // In the log it is as it was sent.
    const [{ conversationId }] = list.items;
    const page = await bob.device.tell('conversation:pull', { conversationId, after: 0 });
    expect(page.items[0].body).toEqual(body);
    bob.device.close();
  });

  it('the text of a last message is cut at a whole character, and said to be', async () => {
    const { userId } = await aUser(app);
    await send(userId, { kind: 'user', id: ann.userId }, 'text', { text: `a${'好'.repeat(2000)}` });
    const { items } = await ok<{ items: WireConversation[] }>(ann.api.get('/v1/conversations?limit=1'));
    expect(items[0].lastMessage).toMatchObject({ body: { text: `a${'好'.repeat(341)}` }, truncated: true });
    await send(userId, { kind: 'user', id: ann.userId }, 'text', { text: 'b'.repeat(1024) });
    const again = await ok<{ items: WireConversation[] }>(ann.api.get('/v1/conversations?limit=1'));
    expect(again.items[0].lastMessage).toMatchObject({ body: { text: 'b'.repeat(1024) } });
    expect(again.items[0].lastMessage).not.toHaveProperty('truncated');
  });

  it('a log of large messages is read through to the end in both directions, by every door', async () => {
    const { userId } = await aUser(app);
    const { groupId, conversationId } = await aGroup(app, [ann, { userId }]);
    const { sentAt } = await send(userId, { kind: 'group', id: groupId }, 'custom', { LARGE, n: 2 });
    for (const n of upTo(29)) await send(userId, { kind: 'group', id: groupId }, 'custom', { LARGE, n: n + 2 });
    const path = `/v1/conversations/${conversationId}/messages?limit=100`;

    const forward: number[] = [];
    for (let after = 0; ;) {
      const page: LogPage = await ann.device.tell('conversation:pull', { conversationId, after, limit: 100 });
      if (page.items.length === 0) break;
      expect(bytesOf(page)).toBeLessThanOrEqual(PAGE_BYTES);
      expect(page.covers).toEqual({ from: after + 1, to: page.items[page.items.length - 1].seq });
      forward.push(...page.items.map(({ seq }) => seq ?? 0));
      after = page.covers?.to ?? 0;
    }
    expect(forward).toEqual(upTo(31));

    const through = async (first: string): Promise<number[]> => {
      const seqs: number[] = [];
      for (let next: string | undefined = first; next;) {
        const page: LogPage = await ok<LogPage>(ann.api.get(`${path}&${next}`));
        expect(bytesOf(page)).toBeLessThanOrEqual(PAGE_BYTES);
        seqs.push(...page.items.map(({ seq }) => seq ?? 0));
        const { from, to } = page.covers ?? { from: 0, to: 0 };
        expect(page.items.map(({ seq }) => seq)).toEqual(expect.arrayContaining([from, to].filter((at) => at > 0)));
        next = page.nextCursor && `cursor=${page.nextCursor}`;
      }
      return seqs;
    };
    expect(await through('after=5')).toEqual(upTo(31).slice(5));
    expect(await through('before=20')).toEqual(upTo(19).reverse());
    expect(await through(`from=${sentAt}`)).toEqual(upTo(31).slice(1));
  });

  it('a log of large messages that are for others is read through to its end as well', async () => {
    const [bob, { userId }] = [await aConnectedUser(app), await aUser(app)];
    const { groupId, conversationId } = await aGroup(app, [{ userId }, ann, bob]);
    const to = { kind: 'group', id: groupId };
    for (const n of upTo(40)) {
      const message = { from: userId, to, clientMessageId: randomUUID(), type: 'custom', body: { LARGE, n } };
      await ok(app.api.post('/v1/messages', { ...message, options: { recipients: [ann.userId] } }));
    }
    for (const direction of ['after=0', 'before=42']) {
      const seqs: number[] = [];
      for (let next: string | undefined = direction; next;) {
        const path: string = `/v1/conversations/${conversationId}/messages?limit=100&${next}`;
        const page: LogPage = await ok<LogPage>(bob.api.get(path));
        seqs.push(...page.items.map(({ seq }) => seq ?? 0));
        next = page.nextCursor && `cursor=${page.nextCursor}`;
      }
      expect(seqs.sort((a, b) => a - b)).toEqual(upTo(41));
    }
    bob.device.close();
  });

  it('sync of 250 conversations, sixty of them large, brings each once and misses no message or event', async () => {
    const bob = await aConnectedUser(app);
    const groups: TestGroup[] = [];
    for (const _ of upTo(250)) groups.push(await aGroup(app, [ann, bob]));
    for (const { groupId } of groups.slice(0, 60))
      await send(ann.userId, { kind: 'group', id: groupId }, 'custom', { LARGE });
    // As many events as there are conversations with marks.
    for (const { conversationId } of groups)
      await ok(bob.api.patch(`/v1/conversations/${conversationId}`, { pinned: true }));
    const replies = await syncAll(bob, { userSeq: 0, conversations: [] });
    const ids = replies.flatMap(({ conversations }) => conversations.map(({ conversationId }) => conversationId));
    expect(ids.sort()).toEqual(groups.map(({ conversationId }) => conversationId).sort());
    const events = replies.flatMap(({ userEvents }) => userEvents.map(({ userSeq }) => userSeq));
    expect(events).toEqual(upTo(250));
    expect(replies[replies.length - 1].userSeq).toBe(250);
    // Of each conversation the messages begin where the client stands and have no hole.
    const seqs = new Map<string, number[]>();
    for (const { conversationId, seq } of replies.flatMap(({ messages = [] }) => messages))
      seqs.set(conversationId, [...(seqs.get(conversationId) ?? []), seq ?? 0]);
    for (const held of seqs.values()) expect(held).toEqual(upTo(held.length));
    bob.device.close();
  }, 60_000);

  it('a user’s own events come in pages as well, none missing', async () => {
    const bob = await aConnectedUser(app);
    // As large as they get: what a group tells somebody who is no longer in it.
    const [{ id, appPk }] = await parley.sql.rows<{ id: number; appPk: number }>(
      'SELECT id, appPk FROM users WHERE userId = ?',
      [bob.userId],
    );
    expect(appPk).toBeGreaterThan(0);
    const data = JSON.stringify({ groupId: 'g', note: 'n'.repeat(6000) });
    await parley.sql.run('INSERT INTO user_events (userPk, userSeq, kind, ref, data) VALUES ?', [
      upTo(600).map((userSeq) => [id, userSeq, 'group', `ref-${userSeq}`, data]),
    ]);
    await parley.sql.run('UPDATE users SET maxUserSeq = 600 WHERE id = ?', [id]);
    const replies = await syncAll(bob, { userSeq: 0, conversations: [] });
    expect(replies.flatMap(({ userEvents }) => userEvents.map((event: UserEvent) => event.userSeq))).toEqual(upTo(600));
    bob.device.close();
  });

  it('one item larger than a page is a page of its own', async () => {
    const small = await parley.another({ LIMIT_PAGE_BYTES: '4096' });
    try {
      const { userId } = await aUser(app);
      const { groupId, conversationId } = await aGroup(app, [ann, { userId }]);
      for (const text of [LARGE, 'small', 'small too', LARGE])
        await send(userId, { kind: 'group', id: groupId }, 'custom', { text });
      const api = small.api.as({ bearer: ann.token });
      const pages: (number | undefined)[][] = [];
      for (let next: string | undefined = 'after=0'; next;) {
        const page: LogPage = await ok<LogPage>(api.get(`/v1/conversations/${conversationId}/messages?${next}`));
        pages.push(page.items.map(({ seq }) => seq));
        next = page.nextCursor && `cursor=${page.nextCursor}`;
      }
      expect(pages).toEqual([[1], [2], [3, 4], [5]]);
    } finally {
      await small.stop();
    }
  });

  it('a socket that joins a room of large messages is shown the latest and stays', async () => {
    await ok(app.api.put(`/v1/chatroom-super-admins/${ann.userId}`, {}));
    const { chatroomId } = await ok(app.api.post('/v1/chatrooms', { name: 'Large' }));
    const to = { kind: 'chatroom', id: String(chatroomId) };
    for (const n of upTo(50)) await send(ann.userId, to, 'custom', { text: 'y'.repeat(7000), n });
    const bob = await aConnectedUser(app);
    const { maxSeq } = await bob.device.tell('chatroom:join', { chatroomId: String(chatroomId), history: 50 });
    expect(maxSeq).toBe(50);
    await bob.device.next('message:new', ({ seq }) => seq === 50);
    const shown = bob.device.all('message:new').map(({ seq }) => seq);
    expect(shown.length).toBeGreaterThan(10);
    expect(shown).toEqual(upTo(50).slice(-shown.length));
    expect(bob.device.all('message:new').reduce((sum, message) => sum + bytesOf(message), 0)).toBeLessThan(PAGE_BYTES);
    const page = await ok<LogPage>(bob.api.get(`/v1/chatrooms/${String(chatroomId)}/messages?limit=100`));
    expect(page.nextCursor).toBeDefined();
    expect(bytesOf(page)).toBeLessThanOrEqual(PAGE_BYTES);
    bob.device.close();
  });
});
