import { ConversationDirectory, ConversationHistory, type StoredMessage } from '../../src/modules/conversations';
import { parseConversationId } from '../../src/kernel/contracts/conversation';
import type { WireMessage } from '../../src/kernel/contracts/message';
import { decide, type PushDecision } from '../../src/modules/push/decision';
import { PushFactsGatherer } from '../../src/modules/push/facts';
import { NoteWriter, type WrittenNote } from '../../src/modules/push/note-writer';
import { Apps } from '../../src/modules/tenancy';
import { UserDirectory } from '../../src/modules/accounts';
import { aConnectedUser, aGroup, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { bindDevice, withAppleEverywhere } from '../support/push';

let parley: Parley;
let app: TestApp;

beforeAll(async () => {
  parley = await startParley();
  withAppleEverywhere(parley);
  app = await anApp(parley, {
    settings: {
      push: {
        mentionsPierce: true,
        language: 'zh',
        sound: 'ding.caf',
        templates: [{ language: 'zh', type: 'order', title: '订单', body: '{sender}有新订单' }],
      },
    },
  });
});
afterAll(() => parley?.stop());

const use = <T>(type: abstract new (...args: never[]) => T): T => parley.app.get<T>(type, { strict: false });
const login = async (fields: object = {}): Promise<TestSession> => aSession(await aUser(app, { ...fields }));
const say = (from: TestSession, to: string, more: object = {}): Promise<WireMessage> =>
  ok(from.api.post<WireMessage>('/v1/messages', aText(to, 'Hello', more)));

async function pkOf({ user }: Pick<TestSession, 'user'>): Promise<number> {
  const appPk = (await use(Apps).find(app.appId))?.pk ?? 0;
  return (await use(UserDirectory).find(appPk, user.userId))?.userPk ?? 0;
}

async function stored({ conversationId, seq = 0 }: WireMessage): Promise<StoredMessage> {
  const name = parseConversationId(conversationId);
  const appPk = (await use(Apps).find(app.appId))?.pk ?? 0;
  const conversation = name && (await use(ConversationDirectory).locate(appPk, name));
  const [message] = await use(ConversationHistory).exactly([[conversation?.pk ?? 0, seq]]);
  if (!message) throw new Error('the message is not there');
  return message;
}

const noteFor = async (to: TestSession, message: WireMessage, more: object = {}): Promise<WrittenNote> => {
  const [note] = await use(NoteWriter).write([
    { message: await stored(message), userPk: await pkOf(to), count: 1, ...more },
  ]);
  if (!note) throw new Error('nothing was written');
  return note;
};

async function decisionFor(to: TestSession, message: WireMessage): Promise<PushDecision> {
  const gatherer = use(PushFactsGatherer);
  const [subject] = await gatherer.subjectsOf([await stored(message)]);
  const [facts] = subject ? await gatherer.gather([{ subject, userPk: await pkOf(to) }]) : [];
  if (!facts) throw new Error('nothing is known');
  return decide(facts);
}

const badgeAndList = async (to: TestSession, message: WireMessage): Promise<[badge: number, listed: number]> => {
  const { items } = await ok<{ items: { unread: number }[] }>(to.api.get('/v1/conversations?limit=100'));
  return [(await noteFor(to, message)).badge, items.reduce((sum, { unread }) => sum + unread, 0)];
};

describe('the note of a push', () => {
  it('names the sender as it wishes to be named in pushes, else by its nickname, else by its id (Y23)', async () => {
    const [ann, bob] = [await login(), await login()];
    const message = await say(ann, bob.user.userId);
    expect(await noteFor(bob, message)).toMatchObject({ title: ann.user.userId, body: 'Hello', sound: 'ding.caf' });
    await ok(ann.api.patch(`/v1/users/${ann.user.userId}`, { nickname: 'Ann' }));
    expect(await noteFor(bob, message)).toMatchObject({ title: 'Ann' });
    await ok(ann.api.put('/v1/push/settings', { nickname: '安安' }));
    expect(await noteFor(bob, message)).toMatchObject({ title: '安安' });
  });

  it('carries where the message is and what it brings for the client, which cannot pass for that', async () => {
    const [ann, bob] = [await login(), await login()];
    const push = { title: 'Order 7', body: 'On its way', data: { screen: 'order', messageId: 'forged' } };
    const message = await say(ann, bob.user.userId, { options: { push } });
    expect(await noteFor(bob, message)).toEqual({
      title: 'Order 7',
      body: 'On its way',
      sound: 'ding.caf',
      badge: 1,
      data: { screen: 'order', conversationId: message.conversationId, seq: '1', messageId: message.id },
    });
  });

  it("speaks the recipient's language, with the app's templates, and hides what the recipient hides", async () => {
    const [ann, bob] = [await login(), await login()];
    const order = await say(ann, bob.user.userId, { type: 'order', body: {} });
    expect(await noteFor(bob, order)).toMatchObject({ title: '订单', body: `${ann.user.userId}有新订单` });
    expect(await noteFor(bob, order, { locale: 'en-GB' })).toMatchObject({ body: '[New message]' });
    const text = await say(ann, bob.user.userId);
    expect((await noteFor(bob, text, { count: 2 })).body).toBe('[2条新消息] Hello');
    await ok(bob.api.put('/v1/push/settings', { style: 'hidden', language: 'en' }));
    expect(await noteFor(bob, text)).toMatchObject({ title: ann.user.userId, body: 'New message' });
  });

  it('names the group, who wrote there, and that one was mentioned', async () => {
    const [ann, bob, eve] = [await login({ nickname: 'Ann' }), await login(), await login()];
    const group = await aGroup(app, [ann.user, bob.user, eve.user], { name: 'Trip' });
    const to = { kind: 'group', id: group.groupId };
    const message = await say(ann, '', { to, options: { mentions: { userIds: [bob.user.userId] } } });
    expect(await noteFor(bob, message)).toMatchObject({ title: 'Trip', body: '[有人@您] Ann：Hello' });
    expect(await noteFor(eve, message)).toMatchObject({ title: 'Trip', body: 'Ann：Hello' });
    const notice = await ok(app.api.post<WireMessage>('/v1/messages', aText('', 'Bus leaves at 9', { to } as object)));
    expect(await noteFor(bob, notice)).toMatchObject({ title: 'Trip', body: 'Bus leaves at 9' });
  });

  it('has a badge that is the sum of what the list shows, over all conversations', async () => {
    const [ann, bob, eve] = [await login(), await login(), await login()];
    const group = await aGroup(app, [ann.user, bob.user]);
    const to = { kind: 'group', id: group.groupId };
    const first = await say(ann, bob.user.userId);
    expect(await badgeAndList(bob, first)).toEqual([1, 1]);
    await say(bob, ann.user.userId);
    await say(ann, '', { to });
    await say(bob, '', { to });
    await say(eve, bob.user.userId);
    await say(eve, bob.user.userId, { type: 'command', body: {} });
    await say(bob, bob.user.userId);
    await ok(app.api.post('/v1/messages', aText(bob.user.userId, 'From the app')));
    await ok(bob.api.patch(`/v1/conversations/${group.conversationId}`, { muted: true }));
    expect(await badgeAndList(bob, first)).toEqual([4, 4]);
    await ok(bob.api.put(`/v1/conversations/${first.conversationId}/read`, { seq: 1 }));
    expect(await badgeAndList(bob, first)).toEqual([3, 3]);

    // Eve goes, and somebody else gets her id: bob keeps the one log, and what the old Eve wrote counts until he reads it.
    await ok(app.api.delete(`/v1/users/${eve.user.userId}`));
    expect(await badgeAndList(bob, first)).toEqual([3, 3]);
    await aUser(app, { userId: eve.user.userId });
    expect(await badgeAndList(bob, first)).toEqual([3, 3]);
  });
});

describe('the facts of a stored message', () => {
  it('follow what its recipient does: confirm, read, mute, leave', async () => {
    const ann = await login();
    const bob = await aConnectedUser(app, { id: 'phone' });
    await bindDevice(bob, 'phone');
    const message = await say(ann, bob.userId);
    expect(await decisionFor(bob, message)).toMatchObject({ wait: expect.any(Number) });
    await bob.device.tell('message:received', { conversationId: message.conversationId, seq: 1 });
    await eventually('the confirmation counts', async () => 'push' in (await decisionFor(bob, message)));
    expect(await decisionFor(bob, message)).toEqual({ push: false, reason: 'delivered' });
    // It confirmed, and then nobody looked any more: a push is what tells of it (G6).
    await bob.device.tell('device:state', { state: 'background' });
    expect(await decisionFor(bob, message)).toMatchObject({ push: true });
    await ok(bob.api.put(`/v1/conversations/${message.conversationId}/read`, { seq: 1 }));
    expect(await decisionFor(bob, message)).toEqual({ push: false, reason: 'read' });
    expect(await decisionFor(ann, message)).toEqual({ push: false, reason: 'own' });
    const off = await say(ann, bob.userId, { options: { push: false } });
    expect(await decisionFor(bob, off)).toEqual({ push: false, reason: 'message-off' });
  });

  it('in a group: mentions pierce, directed messages are for those they name, notices are for nobody', async () => {
    const [ann, bob, eve] = [await login(), await login(), await login()];
    await Promise.all([bindDevice(bob, 'phone'), bindDevice(eve, 'phone')]);
    const group = await aGroup(app, [ann.user, bob.user, eve.user]);
    const to = { kind: 'group', id: group.groupId };
    await ok(bob.api.patch(`/v1/conversations/${group.conversationId}`, { muted: true }));
    const plain = await say(ann, '', { to });
    expect(await decisionFor(bob, plain)).toEqual({ push: false, reason: 'muted' });
    expect(await decisionFor(eve, plain)).toMatchObject({ push: true });
    const named = await say(ann, '', { to, options: { mentions: { userIds: [bob.user.userId] } } });
    expect(await decisionFor(bob, named)).toMatchObject({ push: true });
    const all = await say(ann, '', { to, options: { mentions: { all: true } } });
    expect(await decisionFor(bob, all)).toMatchObject({ push: true });
    const directed = await say(ann, '', { to, options: { recipients: [bob.user.userId] } });
    expect(await decisionFor(eve, directed)).toEqual({ push: false, reason: 'not-entitled' });

    await ok(ann.api.delete(`/v1/groups/${group.groupId}/members/${bob.user.userId}`));
    const left = { conversationId: group.conversationId, seq: directed.seq! + 1 } as WireMessage;
    expect(await decisionFor(eve, left)).toEqual({ push: false, reason: 'not-counted' });
    expect(await decisionFor(bob, named)).toEqual({ push: false, reason: 'not-entitled' });
    const notice = await ok(
      app.api.post<WireMessage>('/v1/messages', aText('', 'News', { to, type: 'notice' } as object)),
    );
    expect(await decisionFor(eve, notice)).toMatchObject({ push: true });
    // Who comes later was not meant.
    await ok(app.api.post(`/v1/groups/${group.groupId}/members`, { userIds: [bob.user.userId] }));
    expect(await decisionFor(bob, notice)).toEqual({ push: false, reason: 'not-entitled' });
  });
});
