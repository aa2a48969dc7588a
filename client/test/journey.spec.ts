import { aScratchDatabase, type ScratchDatabase } from '../../test/support/scratch-database';
import { ParleyClient, type ParleyClientOptions } from '../src';
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
});
