import { randomUUID } from 'node:crypto';
import { Bus } from '../../src/platform/realtime/bus';
import { BusFallback } from '../../src/platform/realtime/bus-fallback';
import { aChatroom, aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { received, membersOf, toRoom } from '../support/rooms';
import type { Device } from '../support/socket';
import { TcpGate } from '../support/tcp-gate';

jest.setTimeout(180_000);

const fallbackOf = ({ app }: Parley): BusFallback => app.get(BusFallback, { strict: false });
const busOf = ({ app }: Parley): Bus => app.get(Bus, { strict: false });

/** While this is not over, nobody but the database tells: hints and what a healed bus brings come later. */
const LIVE_MS = 6000;

const FAULTS: Record<string, (gate: TcpGate) => Promise<void> | void> = {
  'is cut off from Redis': (gate) => gate.shut(),
  'finds Redis frozen': (gate) => gate.hush(),
  'hears nothing of Redis, which hears it': (gate) => gate.hush('from the server'),
  'is not heard by Redis, which it hears': (gate) => gate.hush('to the server'),
};

/** Two nodes, one of which loses Redis in one way, and people on both. */
class Parted {
  private gate!: TcpGate;
  /** Cut off. */
  private a!: Parley;
  private b!: Parley;
  private app!: TestApp;
  private ann!: ConnectedUser;
  private bob!: ConnectedUser;
  private groupId = '';
  private room = '';
  private chatroomId = '';

  constructor(readonly fault: string) {}

  async boot(): Promise<void> {
    this.gate = await TcpGate.to(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    this.b = await startParley();
    this.a = await this.b.another({ REDIS_URL: this.gate.url });
  }

  async begin(): Promise<void> {
    const { a, b } = this;
    const app = (this.app = await anApp(b));
    const ann = (this.ann = await aConnectedUser(app, { at: a }));
    const bob = (this.bob = await aConnectedUser(app, { at: b }));
    ({ groupId: this.groupId } = await aGroup(app, [ann, bob]));
    ({ chatroomId: this.chatroomId, conversationId: this.room } = await aChatroom(app));
    const { chatroomId } = this;
    for (const { device } of [ann, bob]) await device.tell('chatroom:join', { chatroomId });
    await eventually('both nodes know each other', () =>
      [a, b].every((node) => busOf(node).peers.length === 1 && !fallbackOf(node).active),
    );
    await eventually('both are in the room for both', async () => (await membersOf(app, chatroomId)).length === 2);
    await ann.device.tell('message:send', aText(bob.userId, 'well'));
    await hears(bob.device, 'well');
    await ann.device.tell('presence:subscribe', { userIds: ['evelyn', 'faye-1', bob.userId] });
    await bob.device.tell('presence:subscribe', { userIds: ['evelyn', 'faye-1', ann.userId] });
  }

  async strike(): Promise<void> {
    await FAULTS[this.fault](this.gate);
  }

  async end(): Promise<void> {
    this.gate?.speak();
    await this.a?.stop();
    await this.b?.stop();
    await this.gate?.shut();
  }

  /** Everybody hears what is said on either node, in every kind of conversation. */
  async talk(when: string): Promise<void> {
    const { ann, bob, groupId, chatroomId, room } = this;
    const said = (text: string) => `${text} ${when}`;
    const waited = Promise.all([
      hears(bob.device, said('to bob')),
      hears(ann.device, said('to ann')),
      hears(bob.device, said('group a')),
      hears(ann.device, said('group b')),
      received(bob, room, said('room a')),
      received(ann, room, said('room b')),
    ]);
    await Promise.all([
      ann.device.tell('message:send', aText(bob.userId, said('to bob'))),
      bob.device.tell('message:send', aText(ann.userId, said('to ann'))),
      ann.device.tell('message:send', { ...aText('', said('group a')), to: { kind: 'group', id: groupId } }),
      bob.device.tell('message:send', { ...aText('', said('group b')), to: { kind: 'group', id: groupId } }),
      ann.device.tell('message:send', toRoom(chatroomId, said('room a'))),
      bob.device.tell('message:send', toRoom(chatroomId, said('room b'))),
    ]);
    await waited;
  }

  async putOut(): Promise<void> {
    const { a, b, app } = this;
    const [here, there] = [await aConnectedUser(app, { at: a }), await aConnectedUser(app, { at: b })];
    await ok(app.api.delete(`/v1/users/${here.userId}/sessions`));
    await ok(a.api.as(app.credential).delete(`/v1/users/${there.userId}/sessions`));
    for (const { device } of [here, there]) {
      await device.next('session:kicked', () => true, LIVE_MS);
      await device.ended();
    }
  }

  async comeAndGo(): Promise<void> {
    for (const [userId, node, watcher] of [
      ['evelyn', this.a, this.bob],
      ['faye-1', this.b, this.ann],
    ] as const) {
      const user = await aConnectedUser(this.app, { userId, at: node });
      const is = (online: boolean) =>
        watcher.device.next('presence:event', (event) => event.userId === userId && event.online === online, LIVE_MS);
      await is(true);
      user.device.close();
      await is(false);
    }
  }

  async change(): Promise<void> {
    const { a, app, ann, bob, groupId, chatroomId } = this;
    const appAtA = a.api.as(app.credential);
    await ok(appAtA.patch(`/v1/groups/${groupId}`, { name: 'Named there' }));
    await bob.device.next('group:event', ({ kind }) => kind === 'updated', LIVE_MS);
    await ann.device.next('group:event', ({ kind }) => kind === 'updated', LIVE_MS);
    await ok(app.api.patch(`/v1/groups/${groupId}`, { name: 'Named here' }));
    await ann.device.next('group:event', ({ kind }) => kind === 'updated', LIVE_MS);
    await ok(appAtA.patch(`/v1/chatrooms/${chatroomId}`, { name: 'Named there' }));
    await bob.device.next('chatroom:event', ({ kind }) => kind === 'updated', LIVE_MS);
    await ann.device.next('chatroom:event', ({ kind }) => kind === 'updated', LIVE_MS);
    await ok(app.api.patch(`/v1/chatrooms/${chatroomId}`, { name: 'Named here' }));
    await ann.device.next('chatroom:event', ({ kind }) => kind === 'updated', LIVE_MS);
    for (const [from, to] of [
      [ann, bob],
      [bob, ann],
    ] as const) {
      const { conversationId, seq } = await from.device.tell('message:send', aText(to.userId, randomUUID()));
      await to.device.tell('conversation:read', { conversationId, seq: seq ?? 0 });
      await from.device.next('receipt', (one) => one.kind === 'read' && one.seq === seq, LIVE_MS);
      const options = { onlineOnly: true };
      await from.device.tell('message:send', aText(to.userId, `fleeting ${from.userId}`, { options }));
      await hears(to.device, `fleeting ${from.userId}`);
    }
  }

  async stayIn(): Promise<void> {
    const { a, app, ann, bob, chatroomId } = this;
    expect(await membersOf(app, chatroomId)).toEqual([ann.userId, bob.userId].sort());
    const newcomer = await aConnectedUser(app, { at: a });
    await newcomer.device.tell('chatroom:join', { chatroomId });
    const isIn = async () => (await membersOf(app, chatroomId)).includes(newcomer.userId);
    await eventually('heard to be in', isIn, LIVE_MS);
    await ok(app.api.delete(`/v1/chatrooms/${chatroomId}/members/${newcomer.userId}`));
    await newcomer.device.next('chatroom:event', ({ kind }) => kind === 'removed', LIVE_MS);
    await eventually('heard to be out', async () => (await membersOf(app, chatroomId)).length === 2, LIVE_MS);
    expect(await membersOf(app, chatroomId)).toEqual([ann.userId, bob.userId].sort());
  }

  async heal(): Promise<void> {
    const { gate, a, b, app, ann, bob } = this;
    gate.speak();
    if (!gate.isOpen) await gate.open();
    await eventually(
      'well again',
      () => [a, b].every((node) => busOf(node).healthy && !fallbackOf(node).active),
      60_000,
    );
    expect((await app.api.get(`/v1/presence?userIds=${ann.userId},${bob.userId}`)).body.items).toMatchObject([
      { online: true },
      { online: true },
    ]);
    await ann.device.tell('message:send', aText(bob.userId, 'healed'));
    await hears(bob.device, 'healed');
    for (const { device } of [ann, bob]) {
      const told = device.all('presence:event').filter(({ userId }) => [ann.userId, bob.userId].includes(userId));
      expect(told).toEqual([]);
    }
  }
}

const hears = (device: Device, text: string) =>
  device.next('message:new', ({ body }) => (body as { text?: string }).text === text, LIVE_MS);

describe(`a node that ${Object.keys(FAULTS).join(', or ')}`, () => {
  const all = Object.keys(FAULTS).map((fault) => new Parted(fault));
  /** Side by side, for most of it is waiting. Says which of them did not keep the promise. */
  const inEach = async (promise: (parted: Parted) => Promise<void>): Promise<void> => {
    const problems = await Promise.all(
      all.map((parted) =>
        promise(parted).then(
          () => [],
          (error: unknown) => [`a node that ${parted.fault}: ${error instanceof Error ? error.stack : String(error)}`],
        ),
      ),
    );
    if (problems.flat().length > 0) throw new Error(problems.flat().join('\n\n'));
  };

  beforeAll(async () => {
    // A node that starts keeps the others in this process waiting, which must not look like a fault of theirs.
    for (const parted of all) await parted.boot();
    await inEach((parted) => parted.begin());
    await inEach((parted) => parted.strike());
  });
  afterAll(() => inEach((parted) => parted.end()));

  it.each(['at once', 'later'])('still tells others what is said on it, and its own what others say: %s', (when) =>
    inEach((parted) => parted.talk(when)),
  );

  it('hears who is put out, and puts out whom another node says', () => inEach((parted) => parted.putOut()));

  it('tells and hears who came and who went', () => inEach((parted) => parted.comeAndGo()));

  it('tells and hears changes of groups and rooms, receipts, and what is only for who is online', () =>
    inEach((parted) => parted.change()));

  it('keeps its people in their rooms, for as long as it lives', () => inEach((parted) => parted.stayIn()));

  it('is one of them again when it is healed, without anybody having been told that its people had gone', () =>
    inEach((parted) => parted.heal()));
});
