import { setTimeout as sleep } from 'node:timers/promises';
import { http } from '../../test/support/http';
import { aScratchDatabase, type ScratchDatabase } from '../../test/support/scratch-database';
import { ParleyClient, type ParleyClientOptions, type WireConversation } from '../src';
import { eventually } from './support/eventually';
import { aRealNode } from './support/real-node';

const CONVERSATION = 'user:alice:robert';
const upTo = (max: number) => Array.from({ length: max }, (_, index) => index + 1);

describe('with the real server', () => {
  let database: ScratchDatabase;
  let node: Awaited<ReturnType<typeof aRealNode>>;
  const clients: ParleyClient[] = [];

  beforeAll(async () => {
    database = await aScratchDatabase();
    node = await aRealNode(database.settings);
  }, 60_000);

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
  });

  afterAll(async () => {
    await node?.close();
    await database?.drop();
  });

  async function online(userId: string, more: Partial<ParleyClientOptions> = {}) {
    const login = { appId: node.appId, appToken: node.appToken, userId };
    const device = { id: `${userId}-phone`, platform: 'test' };
    const client = new ParleyClient({ url: node.url, login, device, ...more });
    clients.push(client);
    const heard: [seq: number | undefined, body: unknown][] = [];
    client.on('message', ({ seq, body }) => heard.push([seq, body]));
    await client.start();
    await eventually(() => expect(client.state).toEqual({ name: 'connected' }));
    return { client, heard };
  }

  it('two people talk: in order, once, through an absence, with ticks, unread counts and history', async () => {
    const alice = await online('alice');
    const robert = await online('robert');
    const receipts: unknown[] = [];
    alice.client.on('receipt', ({ kind, seq }) => receipts.push([kind, seq]));

    for (const text of ['1', '2', '3']) await alice.client.sendText('robert', text);
    await eventually(() => expect(robert.heard.map(([seq]) => seq)).toEqual([1, 2, 3]));
    await eventually(() => expect(receipts).toContainEqual(['delivered', 3]));

    await robert.client.stop();
    const sending = upTo(120).map((n) => alice.client.sendText('robert', `away ${n}`));
    expect((await Promise.all(sending)).map(({ seq }) => seq)).toEqual(upTo(123).slice(3));
    await robert.client.start();
    await eventually(() => expect(robert.heard.map(([seq]) => seq)).toEqual(upTo(123)));
    await eventually(() => expect(alice.heard).toEqual(robert.heard));

    const [before] = (await robert.client.conversations()).items;
    expect(before).toMatchObject({ conversationId: CONVERSATION, maxSeq: 123, unread: 123 });
    await expect(robert.client.markRead(CONVERSATION)).resolves.toEqual({ readSeq: 123, unread: 0 });
    await eventually(() => expect(receipts).toContainEqual(['read', 123]));

    const page = await robert.client.history(CONVERSATION, { before: 101, limit: 3 });
    expect(page.items.map(({ seq }) => seq)).toEqual([100, 99, 98]);
  });

  it('a message that the server refuses is refused, and one repeated under its id is the same message', async () => {
    const { client } = await online('carol');
    await expect(client.sendText('robert', '   ')).rejects.toMatchObject({ code: 'BLANK_MESSAGE', definite: true });

    const message = { to: { kind: 'user' as const, id: 'robert' }, type: 'text', body: { text: 'once' } };
    const first = await client.send({ ...message, clientMessageId: 'one-and-the-same-id' });
    const again = await client.send({ ...message, clientMessageId: 'one-and-the-same-id' });
    expect(again).toMatchObject({ id: first.id, seq: first.seq, duplicate: true });
  });

  it('a login that the app server ends is told why, and does not come back by itself', async () => {
    const { client } = await online('david');
    const authorization = `Basic ${btoa(`${node.appId}:${node.appSecret}`)}`;
    const ended = await fetch(`${node.url}/v1/users/david/sessions`, { method: 'DELETE', headers: { authorization } });
    expect(ended.ok).toBe(true);

    await eventually(() => expect(client.state).toMatchObject({ name: 'kicked', reason: 'revoked' }));
  });

  it.each(['a login of its own', 'the same login'])(
    'of two clients with one device id and %s the newer stays, for good',
    async (login) => {
      const userId = login === 'the same login' ? 'erin' : 'frank';
      const session = await http(node.url).post<{ token: string }>('/v1/sessions', {
        appId: node.appId,
        appToken: node.appToken,
        userId,
      });
      const more: Partial<ParleyClientOptions> = {
        device: { id: 'one-and-the-same', platform: 'web' },
        ...(login === 'the same login' && { login: { token: session.body.token } }),
      };
      const older = await online(userId, more);
      const kicks: unknown[] = [];
      older.client.on('kicked', (kick) => kicks.push(kick));
      const newer = await online(userId, more);
      const states: string[] = [];
      for (const { client } of [older, newer]) client.on('state', ({ name }) => states.push(name));
      await eventually(() => expect(older.client.state).toEqual({ name: 'kicked', reason: 'replaced' }));
      states.length = 0;
      await sleep(6000);

      expect(states).toEqual([]);
      expect(kicks).toEqual([{ reason: 'replaced' }]);
      expect(newer.client.userId).toBe(userId);
      expect([older, newer].map(({ client }) => client.state.name)).toEqual(['kicked', 'connected']);
      await newer.client.sendText('robert', 'still here');
    },
  );

  it('a conversation’s line is told whenever it changes, and is what the server would tell', async () => {
    const { client } = await online('nora');
    const other = await online('nora', { device: { id: 'another-device', platform: 'test' } });
    const henry = await online('henry');
    const told = new Map<string, WireConversation>();
    client.on('conversation', (conversation) => told.set(conversation.conversationId, conversation));
    const shows = (conversationId: string, what: object) =>
      eventually(() => expect(told.get(conversationId)).toMatchObject(what));
    const direct = 'user:henry:nora';

    // New here: told with all that a list shows.
    await henry.client.sendText('nora', 'one');
    await shows(direct, { title: 'henry', unread: 1, lastMessage: { seq: 1, body: { text: 'one' } } });
    for (const n of upTo(20)) await henry.client.sendText('nora', `${n}`);
    await shows(direct, { unread: 21, maxSeq: 21, lastMessage: { seq: 21 } });
    await other.client.sendText('henry', 'from another device of mine');
    await shows(direct, { unread: 21, maxSeq: 22 });
    await other.client.markRead(direct, 20);
    await shows(direct, { unread: 1, readSeq: 20 });
    await client.markRead(direct);
    await shows(direct, { unread: 0, readSeq: 22 });

    const { groupId } = await client.call('group:create', { name: 'Three', visibility: 'private', members: ['henry'] });
    const group = `group:${groupId}`;
    const sayThere = (type: string, body: object) =>
      henry.client.send({ to: { kind: 'group', id: groupId }, type, body });
    await sayThere('text', { text: 'hi' });
    await sayThere('command', { refresh: true });
    await client.call('group:invite', { groupId, userIds: ['alice'] });
    await sayThere('text', { text: 'hi, alice' });
    await shows(group, { title: 'Three', lastMessage: { body: { text: 'hi, alice' } } });

    const rows = new Map((await client.conversations()).items.map((row) => [row.conversationId, row]));
    const keys = ['conversationId', 'title', 'lastMessage', 'maxSeq', 'minSeq', 'readSeq', 'unread', 'muted', 'pinned'];
    const lineOf = (row: object = {}) => Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
    const fresh = await http(node.url)
      .as({ basic: [node.appId, node.appSecret] })
      .get<{ items: WireConversation[] }>('/v1/users/nora/conversations');
    for (const row of fresh.body.items) {
      expect(lineOf(told.get(row.conversationId))).toEqual(lineOf(row));
      expect(lineOf(rows.get(row.conversationId))).toEqual(lineOf(row));
    }
    expect(fresh.body.items.map(({ conversationId, unread }) => [conversationId, unread])).toEqual([
      [group, 2],
      [direct, 0],
    ]);
  });
});
