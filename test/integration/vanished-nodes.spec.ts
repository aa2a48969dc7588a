import { Bus } from '../../src/platform/realtime/bus';
import { BusFallback } from '../../src/platform/realtime/bus-fallback';
import { aChatroom, aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { membersOf } from '../support/rooms';
import { connect } from '../support/socket';
import { TcpGate } from '../support/tcp-gate';

jest.setTimeout(120_000);

const busOf = ({ app }: Parley): Bus => app.get(Bus, { strict: false });
const fallbackOf = ({ app }: Parley): BusFallback => app.get(BusFallback, { strict: false });

describe('a node that vanishes', () => {
  const gates: TcpGate[] = [];
  /** Loses its way to both servers, and so looks to the others as if it were killed. */
  let a: Parley;
  let b: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let both: ConnectedUser;
  let chatroomId: string;

  const told = (userId: string): boolean[] =>
    bob.device.all('presence:event').flatMap((event) => (event.userId === userId ? [event.online] : []));

  beforeAll(async () => {
    b = await startParley();
    const redis = await TcpGate.to(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const database = await TcpGate.to(b.settings.stores.mysqlUrl);
    gates.push(redis, database);
    a = await b.another({ REDIS_URL: redis.url, MYSQL_URL: database.url });
    await eventually('both nodes know each other', () =>
      [a, b].every((node) => busOf(node).peers.length === 1 && !fallbackOf(node).active),
    );
    app = await anApp(b);
    ann = await aConnectedUser(app, { at: a });
    both = await aConnectedUser(app, { at: a });
    await connect(b.url, both.token, { id: 'another' });
    bob = await aConnectedUser(app, { at: b });
    ({ chatroomId } = await aChatroom(app, { membersMaySetAttributes: true }));
    for (const { device } of [ann, bob]) await device.tell('chatroom:join', { chatroomId });
    await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/attributes/seat`, { value: 'ann', autoDelete: true }));
    await eventually('both are in', async () => (await membersOf(app, chatroomId)).length === 2);
    await bob.device.tell('presence:subscribe', { userIds: [ann.userId, both.userId] });
  });
  afterAll(async () => {
    for (const gate of gates) if (!gate.isOpen) await gate.open();
    await a.stop();
    await b.stop();
    for (const gate of gates) await gate.shut();
  });

  it('takes its users with it: whoever watches them is told once, and of those who are elsewhere too nothing', async () => {
    for (const gate of gates) await gate.shut();
    await bob.device.next('presence:event', ({ userId, online }) => userId === ann.userId && !online);
    await eventually('out of the room', async () => !(await membersOf(app, chatroomId)).includes(ann.userId));
    await eventually('its attribute is gone', async () => {
      const { attributes } = await ok(app.api.get(`/v1/chatrooms/${chatroomId}/attributes`));
      return !JSON.stringify(attributes ?? {}).includes('seat');
    });
    expect(told(ann.userId)).toEqual([false]);
    expect(told(both.userId)).toEqual([]);
  });

  it('brings them back when it had only seemed to be gone', async () => {
    for (const gate of gates) await gate.open();
    await bob.device.next('presence:event', ({ userId, online }) => userId === ann.userId && online, 30_000);
    expect(told(ann.userId)).toEqual([false, true]);
    expect(told(both.userId)).toEqual([]);
  });
});

describe('a Redis that answers nothing', () => {
  it('is not waited for by who asks who is online: what the node knows is the answer', async () => {
    const gate = await TcpGate.to(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const node = await startParley();
    const other = await node.another({ REDIS_URL: gate.url });
    await eventually('they know each other', () => busOf(other).peers.length === 1);
    const app = await anApp(other);
    const here = await aConnectedUser(app);
    const there = await aConnectedUser(app, { at: node });
    gate.hush();
    const asked = ok<{ items: unknown[] }>(app.api.get(`/v1/presence?userIds=${here.userId},${there.userId}`));
    const before = await Promise.race([asked, eventually('the node finds out', () => !busOf(other).healthy)]);
    expect(before).not.toBe(true);
    expect((await asked).items).toContainEqual({ userId: here.userId, online: true });
    gate.speak();
    await other.stop();
    await node.stop();
    await gate.shut();
  });
});
