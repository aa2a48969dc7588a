import { setTimeout as sleep } from 'node:timers/promises';
import { http, ok, type Call } from '../../test/support/http';
import { aScratchDatabase, type ScratchDatabase } from '../../test/support/scratch-database';
import { TcpGate } from '../../test/support/tcp-gate';
import { ParleyClient, type ParleyClientOptions, type RoomLeft, type Skipped } from '../src';
import { eventually } from './support/eventually';
import { aRealNode } from './support/real-node';

jest.setTimeout(60_000);

/** A user whose connection was lost is in for so long. */
const GRACE_MS = 5000;
const upTo = (max: number, from = 1) => Array.from({ length: max - from + 1 }, (_, index) => from + index);

describe('rooms, with the real server', () => {
  let database: ScratchDatabase;
  let node: Awaited<ReturnType<typeof aRealNode>>;
  let app: Call;
  /** The way to the server that the client under test has. */
  let gate: TcpGate;
  const clients: ParleyClient[] = [];
  let rooms = 0;

  beforeAll(async () => {
    database = await aScratchDatabase();
    node = await aRealNode(database.settings);
    app = http(node.url).as({ basic: [node.appId, node.appSecret] });
    gate = await TcpGate.to(node.url);
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    if (!gate.isOpen) await gate.open();
  });

  afterAll(async () => {
    await gate?.shut();
    await node?.close();
    await database?.drop();
  });

  async function online(userId: string, more: Partial<ParleyClientOptions> = {}) {
    const login = { appId: node.appId, appToken: node.appToken, userId };
    const client = new ParleyClient({ url: node.url, login, ...more });
    clients.push(client);
    const heard: unknown[] = [];
    const left: RoomLeft[] = [];
    const skipped: Skipped[] = [];
    const rejoined: string[] = [];
    client.on('message', ({ seq, body }) => heard.push([seq, (body as { text: string }).text]));
    client.on('room-left', (room) => left.push(room));
    client.on('room-rejoined', ({ chatroomId }) => rejoined.push(chatroomId));
    client.on('skipped', (gap) => skipped.push(gap));
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));
    const say = (chatroomId: string, text: string) =>
      client.send({ to: { kind: 'chatroom', id: chatroomId }, type: 'text', body: { text } });
    return { client, heard, left, skipped, rejoined, say };
  }

  /** Ann comes in through the gate, bob by the front door. */
  async function aRoom(more: Partial<ParleyClientOptions> = {}) {
    const chatroomId = `room-${(rooms += 1)}`;
    await ok(app.post('/v1/chatrooms', { chatroomId, name: 'A room' }));
    const [ann, bob] = await Promise.all([online(`ann-${rooms}`, { url: gate.url, ...more }), online(`bob-${rooms}`)]);
    await Promise.all([ann, bob].map(({ client }) => client.rooms.join(chatroomId)));
    return { chatroomId, ann, bob };
  }

  const isBack = (client: ParleyClient) => eventually(() => expect(client.state.name).toBe('connected'), 40_000);

  it('are joined again after a lost connection: what was missed comes in order, once, and then what follows', async () => {
    const { chatroomId, ann, bob } = await aRoom();
    for (const n of upTo(3)) await bob.say(chatroomId, `${n}`);
    await eventually(() => expect(ann.heard).toHaveLength(3));

    await gate.shut();
    for (const n of upTo(33, 4)) await bob.say(chatroomId, `${n}`);
    await gate.open();
    await isBack(ann.client);
    for (const n of upTo(36, 34)) await bob.say(chatroomId, `${n}`);

    const all = upTo(36).map((n) => [n, `${n}`]);
    await eventually(() => expect(ann.heard).toEqual(all));
    await sleep(1000);
    expect([ann.heard, bob.heard]).toEqual([all, all]);
    expect([ann.rejoined, ann.left, ann.skipped]).toEqual([[chatroomId], [], []]);
  });

  it('hear what was said meanwhile by who was away for longer than its place was kept', async () => {
    const { chatroomId, ann, bob } = await aRoom();
    await gate.shut();
    const sending = ['one', 'two'].map((text) => ann.say(chatroomId, text));
    await sleep(GRACE_MS + 1500);
    expect(await ok(app.get(`/v1/chatrooms/${chatroomId}/members`))).toMatchObject({
      items: [{ userId: `bob-${rooms}` }],
    });
    await bob.say(chatroomId, 'while ann is out');
    await gate.open();

    expect((await Promise.all(sending)).map(({ seq }) => seq)).toEqual([2, 3]);
    const all = [
      [1, 'while ann is out'],
      [2, 'one'],
      [3, 'two'],
    ];
    await eventually(() => expect([ann.heard, bob.heard]).toEqual([all, all]));
  });

  it('tell how much was missed beyond what is pulled', async () => {
    const { chatroomId, ann, bob } = await aRoom({ roomCatchUpLimit: 10 });
    await bob.say(chatroomId, '1');
    await eventually(() => expect(ann.heard).toHaveLength(1));
    await gate.shut();
    for (const n of upTo(30, 2)) await bob.say(chatroomId, `${n}`);
    await gate.open();
    await eventually(() => expect(ann.heard).toEqual([1, ...upTo(30, 21)].map((n) => [n, `${n}`])), 40_000);
    expect(ann.skipped).toEqual([{ conversationId: `chatroom:${chatroomId}`, from: 2, to: 20, reason: 'too-far' }]);
  });

  it.each<[RoomLeft['reason'], string, (room: string, user: string) => Promise<unknown>]>([
    ['banned', 'BANNED', (room, user) => ok(app.put(`/v1/chatrooms/${room}/bans/${user}`, {}))],
    ['removed', 'NOT_MEMBER', (room, user) => ok(app.delete(`/v1/chatrooms/${room}/members/${user}`))],
    ['closed', 'CHATROOM_NOT_FOUND', (room) => ok(app.delete(`/v1/chatrooms/${room}`))],
  ])('in which one was %s meanwhile are told, and forgotten', async (reason, code, act) => {
    const { chatroomId, ann, bob } = await aRoom();
    await bob.say(chatroomId, 'before');
    await eventually(() => expect(ann.heard).toEqual([[1, 'before']]));
    await gate.shut();
    await act(chatroomId, `ann-${rooms}`);
    if (reason !== 'closed') await bob.say(chatroomId, 'after');
    await gate.open();

    await eventually(() => expect(ann.left).toMatchObject([{ chatroomId, reason, error: { code } }]), 40_000);
    expect([ann.client.rooms.joined, ann.rejoined]).toEqual([[], []]);
    await gate.shut();
    await gate.open();
    await isBack(ann.client);
    await sleep(1000);
    expect([ann.heard, ann.left.length]).toEqual([[[1, 'before']], 1]);
  });

  it('put somebody out while it is there: it is told, hears nothing more, and does not come back by itself', async () => {
    const { chatroomId, ann, bob } = await aRoom();
    await ok(app.delete(`/v1/chatrooms/${chatroomId}/members/ann-${rooms}`));
    await eventually(() =>
      expect(ann.left).toEqual([{ chatroomId, conversationId: `chatroom:${chatroomId}`, reason: 'removed' }]),
    );
    await gate.shut();
    await gate.open();
    await isBack(ann.client);
    await bob.say(chatroomId, 'without ann');
    await sleep(1000);
    expect(ann.heard).toEqual([]);

    // By its own wish it may: removed is not banned.
    await ann.client.rooms.join(chatroomId, { history: 0 });
    await bob.say(chatroomId, 'with ann');
    await eventually(() => expect(ann.heard).toEqual([[2, 'with ann']]));
  });

  it('into which the app’s server brought a user are come back to as well', async () => {
    const { ann } = await aRoom();
    const chatroomId = `room-${(rooms += 1)}`;
    await ok(app.post('/v1/chatrooms', { chatroomId, name: 'Another' }));
    await ok(app.post(`/v1/chatrooms/${chatroomId}/members`, { userIds: [`ann-${rooms - 1}`] }));
    await eventually(() => expect(ann.client.rooms.joined).toContain(chatroomId));
    await sleep(500);
    await gate.shut();
    const said = { to: { kind: 'chatroom', id: chatroomId }, type: 'text', body: { text: 'from the app' } };
    await ok(app.post('/v1/messages', { ...said, clientMessageId: 'said-by-the-app-server' }));
    await gate.open();
    await eventually(() => expect(ann.heard).toEqual([[1, 'from the app']]), 40_000);
    expect(ann.rejoined).toContain(chatroomId);
  });

  it('that were left are not come back to', async () => {
    const { chatroomId, ann, bob } = await aRoom();
    await ann.client.rooms.leave(chatroomId);
    await bob.say(chatroomId, 'without ann');
    await gate.shut();
    await gate.open();
    await isBack(ann.client);
    await sleep(1000);
    expect([ann.heard, ann.left, ann.rejoined]).toEqual([[], [], []]);
    await expect(ann.say(chatroomId, 'may I?')).rejects.toMatchObject({ code: 'NOT_MEMBER' });
  });

  it('show the latest messages on joining, large ones too', async () => {
    const { chatroomId, bob } = await aRoom();
    const large = 'x'.repeat(8000);
    for (const n of upTo(6)) {
      const body = n % 2 ? { text: `${n}` } : { text: `${n}`, padding: large, more: large };
      await bob.client.send({ to: { kind: 'chatroom', id: chatroomId }, type: 'custom', body });
    }
    const eve = await online(`eve-${rooms}`);
    expect(await eve.client.rooms.join(chatroomId, { history: 4 })).toMatchObject({ maxSeq: 6 });
    await eventually(() => expect(eve.heard).toEqual(upTo(6, 3).map((n) => [n, `${n}`])));
  });
});
