import { Redis } from 'ioredis';
import type { PrivateServer } from '../../../scripts/lib/service.mjs';
import {
  aChatroom,
  aConnectedUser,
  anApp,
  type ConnectedUser,
  type TestApp,
  type TestChatroom,
} from '../../support/builders';
import { Deployment } from '../../support/deployment';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { received, membersOf, removalsSeenBy, errorCodeOf, textsOf, toRoom } from '../../support/rooms';
import { connect } from '../../support/socket';

jest.setTimeout(180_000);

/** By then all nodes have noticed that Redis is gone, and use the bus's fallback, the database. */
const CUT_OFF_MS = 7000;

describe('a room on two nodes whose Redis is emptied, stops and comes back', () => {
  const deployment = new Deployment();
  let redis: PrivateServer;
  let nodes: Parley[];
  let app: TestApp;
  let room: TestChatroom;
  /** Ann on the first node; bob and carol on the second. */
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  const said: string[] = [];

  beforeAll(async () => {
    redis = await deployment.redis();
    const first = await startParley({ REDIS_URL: redis.url });
    nodes = [first, await first.another()];
    app = await anApp(first);
    ann = await aConnectedUser(app);
    [bob, carol] = await Promise.all([aConnectedUser(app, { at: nodes[1] }), aConnectedUser(app, { at: nodes[1] })]);
    room = await aChatroom(app, { admins: [ann.userId] });
    for (const { device } of [ann, bob, carol]) await device.tell('chatroom:join', { chatroomId: room.chatroomId });
  });
  afterAll(async () => {
    for (const user of [ann, bob, carol]) user?.device.close();
    for (const node of nodes ?? []) await node.stop();
    await deployment.end();
  });

  /** Sends on one node and waits until the other has delivered it. */
  async function say(from: ConnectedUser, receiver: ConnectedUser): Promise<void> {
    const text = `message ${said.length + 1}`;
    await from.device.tell('message:send', toRoom(room.chatroomId, text));
    said.push(text);
    await received(receiver, room.conversationId, text);
  }
  const everybody = () => [ann.userId, bob.userId, carol.userId].sort();

  it('F11: members and messages survive an emptied Redis', async () => {
    await say(ann, bob);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    await say(bob, ann);
    await say(ann, bob);
    for (const node of nodes)
      expect(await membersOf(app, room.chatroomId, node.api.as(app.credential))).toEqual(everybody());
  });

  it('F12: without Redis, messages arrive within moments, and a removed user receives nothing more', async () => {
    await redis.stop();
    await say(ann, bob);
    await say(bob, ann);
    await ok(ann.api.put(`/v1/chatrooms/${room.chatroomId}/bans/${carol.userId}`, {}));
    await say(ann, bob);
    expect(errorCodeOf(await carol.device.ask('message:send', toRoom(room.chatroomId)))).toBe('BANNED');
    // Carol is told through the fallback or by her node's own read of the room, whichever comes first; the others by the fallback.
    for (const { device } of [carol, bob])
      await device.next('chatroom:event', ({ kind, users }) => kind === 'banned' && users.includes(carol.userId));
    expect(removalsSeenBy(carol)).toEqual(['banned']);
    expect(textsOf(carol.device, room.conversationId)).not.toContain(said.at(-1));
  });

  it('once Redis is back the nodes hear each other again, and nobody has received anything twice or out of order', async () => {
    await redis.start();
    const ready = (node: Parley) => ok(node.api.get<{ redis: string }>('/health/ready'));
    for (const node of nodes) await eventually('the node sees it', async () => (await ready(node)).redis === 'up');
    await say(ann, bob);
    await say(bob, ann);
    await eventually('all nodes know who is in', async () => {
      const seen = await Promise.all(nodes.map((node) => membersOf(app, room.chatroomId, node.api.as(app.credential))));
      return seen.every((members) => members.join() === [ann.userId, bob.userId].sort().join());
    });
    const own = { [ann.userId]: ann, [bob.userId]: bob };
    const { items } = await ok<{ items: { from: string; body: { text: string } }[] }>(
      app.api.get(`/v1/chatrooms/${room.chatroomId}/messages?after=0&limit=100`),
    );
    for (const user of [ann, bob]) {
      const others = items.filter(({ from }) => own[from] !== user).map(({ body }) => body.text);
      expect(textsOf(user.device, room.conversationId)).toEqual(others);
    }
  });

  it('members of a stopped node are out, and rejoin on another node with the messages that they missed', async () => {
    const [first, second] = nodes;
    await second?.stop();
    await eventually('its members are gone', async () => (await membersOf(app, room.chatroomId)).join() === ann.userId);
    await ann.device.tell('message:send', toRoom(room.chatroomId, 'while bob was away'));
    bob.device = await connect(String(first?.url), bob.token, { id: 'back' });
    await bob.device.tell('chatroom:join', { chatroomId: room.chatroomId });
    await received(bob, room.conversationId, 'while bob was away');
    expect(textsOf(bob.device, room.conversationId)).toEqual([...said, 'while bob was away'].slice(-10));
  });
});

describe('a node that is killed while Redis is gone', () => {
  const deployment = new Deployment();
  afterAll(() => deployment.end());

  it('loses its members, and those of other nodes stay', async () => {
    const [database, redis] = await Promise.all([deployment.database(), deployment.redis()]);
    const [first, second, third] = await Promise.all(
      ['a', 'b', 'c'].map(() => deployment.server(database.url, redis.url)),
    );
    if (!first || !second || !third) throw new Error('three nodes were started');
    const app = await anApp(first);
    const [ann, bob, carol] = await Promise.all([first, second, third].map((at) => aConnectedUser(app, { at })));
    if (!ann || !bob || !carol) throw new Error('three users have connected');
    const { chatroomId } = await aChatroom(app, { owner: ann.userId });
    for (const { device } of [ann, bob, carol]) await device.tell('chatroom:join', { chatroomId });
    await redis.stop();
    await new Promise((resolve) => setTimeout(resolve, CUT_OFF_MS));
    await second.end('SIGKILL');
    await ann.device.next('chatroom:event', ({ kind, users }) => kind === 'member-left' && users.includes(bob.userId));
    expect((await membersOf(app, chatroomId)).sort()).toEqual([ann.userId, carol.userId].sort());
    for (const { device } of [ann, bob, carol]) device.close();
  });
});

describe('a restart of everything', () => {
  const deployment = new Deployment();
  afterAll(() => deployment.end());

  it('keeps a room’s messages, bans, mutes, attributes and announcement, but no members', async () => {
    const [database, redis] = await Promise.all([deployment.database(), deployment.redis()]);
    const before = await deployment.server(database.url, redis.url);
    const app = await anApp(before);
    const [ann, bob] = await Promise.all([aConnectedUser(app), aConnectedUser(app)]);
    const { chatroomId, conversationId } = await aChatroom(app, { owner: ann.userId });
    const path = `/v1/chatrooms/${chatroomId}`;
    await ann.device.tell('chatroom:join', { chatroomId });
    const texts = Array.from({ length: 12 }, (_, n) => `before ${n}`);
    for (const text of texts) await ann.device.tell('message:send', toRoom(chatroomId, text));
    await ok(ann.api.put(`${path}/announcement`, { text: 'Still here' }));
    await ok(ann.api.put(`${path}/attributes/stage`, { value: 'dark' }));
    await ok(app.api.put(`${path}/mute-all`, {}));
    await ok(app.api.put(`${path}/bans/${bob.userId}`, {}));
    const carol = await aConnectedUser(app);
    await ok(app.api.put(`${path}/mutes/${carol.userId}`, {}));
    for (const { device } of [ann, bob, carol]) device.close();

    await before.end('SIGKILL');
    await Promise.all([redis.stop(), database.stop()]);
    await Promise.all([redis.start(), database.start()]);
    const server = await deployment.server(database.url, redis.url);
    const api = server.api.as(app.credential);

    expect(await ok(api.get(path))).toMatchObject({ memberCount: 0, muteAll: true, announcement: 'Still here' });
    ann.device = await connect(server.url, ann.token);
    expect(await ann.device.tell('chatroom:join', { chatroomId })).toMatchObject({
      memberCount: 1,
      announcement: 'Still here',
      attributes: { stage: 'dark' },
      maxSeq: 12,
    });
    await received(ann, conversationId, 'before 11');
    expect(textsOf(ann.device, conversationId)).toEqual(texts.slice(2));
    bob.device = await connect(server.url, bob.token);
    expect(errorCodeOf(await bob.device.ask('chatroom:join', { chatroomId }))).toBe('BANNED');
    await ok(api.delete(`${path}/mute-all`));
    carol.device = await connect(server.url, carol.token);
    await carol.device.tell('chatroom:join', { chatroomId });
    expect(errorCodeOf(await carol.device.ask('message:send', toRoom(chatroomId)))).toBe('MUTED');
    expect((await ann.device.tell('message:send', toRoom(chatroomId, 'after'))).seq).toBe(13);
    for (const { device } of [ann, bob, carol]) device.close();
  });
});
