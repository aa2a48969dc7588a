import { randomUUID } from 'node:crypto';
import type { SyncReply } from '../../src/kernel/contracts/socket-events';
import {
  aChatroom,
  aConnectedUser,
  aDeveloper,
  aGroup,
  anApp,
  aSession,
  operator,
  type ConnectedUser,
  type TestApp,
  type TestChatroom,
  type TestDeveloper,
  type TestGroup,
} from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Call } from '../support/http';
import { LIST_ANSWERS } from '../support/list-answers';
import { upTo } from '../support/messages';
import { connect, type Device } from '../support/socket';

jest.setTimeout(120_000);

/** As small as it may be set, so that a few dozen rows are more than a page. */
const PAGE_BYTES = 4096;
const CROWD = 60;
const SOME = 12;
const TEXT = 'x'.repeat(1000);

let parley: Parley;
let app: TestApp;
let ann: ConnectedUser;
/** Users with the longest ids. */
let crowd: string[];
let large: TestGroup;
let sanctioned: TestChatroom;
let furnished: TestChatroom;
let visited: TestChatroom;
let developer: TestDeveloper;
let visitors: Device[];

beforeAll(async () => {
  parley = await startParley({ LIMIT_PAGE_BYTES: `${PAGE_BYTES}`, LIMIT_APP_SENDS_BURST: '10000' });
  app = await anApp(parley);
  ann = await aConnectedUser(app);
  await aCrowd();
  await talk();
  await rooms();
  await operatorsLists();
});
afterAll(async () => {
  for (const device of [ann?.device, ...(visitors ?? [])]) device?.close();
  await parley?.stop();
});

const say = (to: object, from: string) =>
  ok(
    app.api.post('/v1/messages', {
      from,
      to,
      clientMessageId: randomUUID(),
      type: 'text',
      body: { text: TEXT.slice(0, 900) },
    }),
  );

/** Many users in one group, and all that can be decided about them. */
async function aCrowd(): Promise<void> {
  const settings = { userIdRule: { maxLength: 64 } };
  await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings }));
  crowd = upTo(CROWD).map((n) => `u${String(n).padStart(3, '0')}-${'y'.repeat(57)}`);
  for (const part of [crowd.slice(0, CROWD / 2), crowd.slice(CROWD / 2)]) {
    const profile = { about: TEXT };
    await ok(
      app.api.post(
        '/v1/users',
        part.map((userId) => ({ userId, profile })),
      ),
    );
  }
  large = await aGroup(app, [ann, ...crowd.map((userId) => ({ userId }))]);
  await say({ kind: 'group', id: large.groupId }, ann.userId);
  const { sql } = parley;
  const [group] = await sql.rows<{ id: number; appPk: number }>('SELECT id, appPk FROM chat_groups WHERE groupId = ?', [
    large.groupId,
  ]);
  const { id, appPk } = group;
  const ofCrowd = "FROM group_members WHERE groupPk = ? AND role = 'member'";
  await sql.run('UPDATE group_members SET attributes = ? WHERE groupPk = ?', [JSON.stringify({ about: TEXT }), id]);
  await sql.run(
    `INSERT INTO group_sanctions (groupPk, userPk, appPk, banned, mutedUntil, maySpeak)
       SELECT groupPk, userPk, appPk, 1, '9999-12-31', 1 ${ofCrowd}`,
    [id],
  );
  await sql.run(
    `INSERT INTO group_requests (appPk, requestId, groupPk, userPk, kind, status, message)
       SELECT appPk, CONCAT('r-', userPk), groupPk, userPk, 'request', 'pending', ? ${ofCrowd}`,
    [TEXT.slice(0, 500), id],
  );
  const [{ annPk }] = await sql.rows<{ annPk: number }>(
    'SELECT id AS annPk FROM users WHERE userId = ? AND appPk = ?',
    [ann.userId, appPk],
  );
  await sql.run('INSERT INTO group_requests (appPk, requestId, groupPk, userPk, kind, status) VALUES ?', [
    upTo(CROWD).map((n) => [appPk, `i-${n}`, id, annPk, 'invitation', 'pending']),
  ]);
  await sql.run('INSERT INTO push_deliveries (appPk, conversationPk, seq, userPk, status, reason) VALUES ?', [
    upTo(CROWD).map((n) => [appPk, id, n, annPk, 3, `refused: ${'z'.repeat(150)}`]),
  ]);
  await sql.run(`INSERT INTO chatroom_super_admins (appPk, userPk) SELECT appPk, userPk ${ofCrowd}`, [id]);
}

/** What ann has a list of: conversations, messages, groups, logins. */
async function talk(): Promise<void> {
  for (const userId of crowd.slice(0, 40)) await say({ kind: 'user', id: ann.userId }, userId);
  for (const n of upTo(SOME)) {
    const settings = { name: `${n}`, introduction: TEXT, visibility: 'public' };
    const { groupId } = await aGroup(app, [ann], settings);
    await say({ kind: 'group', id: groupId }, ann.userId);
    await say({ kind: 'group', id: large.groupId }, ann.userId);
  }
  for (const _ of upTo(40)) await aSession(ann.user);
}

async function rooms(): Promise<void> {
  for (const _ of upTo(SOME)) await aChatroom(app, { description: TEXT });
  [sanctioned, furnished, visited] = [await aChatroom(app), await aChatroom(app), await aChatroom(app)];
  await parley.sql.run(
    `INSERT INTO chatroom_standings (chatroomPk, userPk, appPk, admin, banned, mutedUntil, maySpeak)
       SELECT r.id, u.id, u.appPk, 1, 1, '9999-12-31', 1 FROM chatrooms r JOIN users u ON u.appPk = r.appPk
        WHERE r.chatroomId = ? AND u.userId IN (?)`,
    [sanctioned.chatroomId, crowd],
  );
  for (const n of upTo(SOME)) {
    await ok(app.api.put(`/v1/chatrooms/${furnished.chatroomId}/attributes/${n}`, { value: TEXT }));
    await say({ kind: 'chatroom', id: furnished.chatroomId }, ann.userId);
  }
  visitors = await Promise.all(
    crowd.slice(0, 50).map(async (userId) => {
      const { token } = await ok(app.api.post(`/v1/users/${userId}/tokens`, {}));
      const device = await connect(parley.url, String(token));
      await device.tell('chatroom:join', { chatroomId: visited.chatroomId, history: 0 });
      return device;
    }),
  );
}

async function operatorsLists(): Promise<void> {
  developer = app.developer;
  for (const n of upTo(SOME)) {
    await ok(developer.api.post('/v1/apps', { name: `App ${n}` }));
    const other = await aDeveloper(parley, { verified: false });
    await ok(other.api.post('/v1/developers/me/verification', { name: 'Ann', note: TEXT }));
  }
  await parley.sql.run('INSERT INTO outbox (kind, payload, state, reason) VALUES ?', [
    upTo(40).map((n) => ['messages', `{"node":"gone","messages":[[1,${n}],[2,${n}]]}`, 2, TEXT.slice(0, 250)]),
  ]);
}

interface ListPage {
  items: unknown[];
  next?: string;
  /** As it was answered. */
  text: string;
}
type Turn = (next: string | undefined) => Promise<ListPage>;

/** A REST list, by its path as this caller sees it. */
const get =
  (call: () => Call, path: () => string): Turn =>
  async (next) => {
    const url = `${path()}${path().includes('?') ? '&' : '?'}limit=100${next === undefined ? '' : `&cursor=${next}`}`;
    const body = await ok<{ items: unknown[]; nextCursor?: string }>(call().get(url));
    return { items: body.items, next: body.nextCursor, text: JSON.stringify(body) };
  };

const asAnn = () => ann.api;
const asApp = () => app.api;
const ofGroup = (what: string) => get(asAnn, () => `/v1/groups/${large.groupId}/${what}`);
const ofRoom = (room: () => TestChatroom, what: string) =>
  get(asApp, () => `/v1/chatrooms/${room().chatroomId}/${what}`);
const sanctions = (what: string) => ofRoom(() => sanctioned, what);

/** How every list is read, and how many things it has at least. */
const LISTS: Record<string, { turn: Turn; count: number }> = {
  'OperatorController.list': {
    turn: get(
      () => operator(parley),
      () => '/v1/operator/developers',
    ),
    count: SOME,
  },
  'AppsController.list': {
    turn: get(
      () => developer.api,
      () => '/v1/apps',
    ),
    count: SOME,
  },
  'UsersController.list': { turn: get(asApp, () => '/v1/users'), count: CROWD },
  'UsersController.sessionsOf': { turn: get(asAnn, () => `/v1/users/${ann.userId}/sessions`), count: 40 },
  'ConversationsController.all': { turn: get(asApp, () => '/v1/conversations'), count: 40 + SOME },
  'ConversationsController.messages': {
    turn: get(asAnn, () => `/v1/conversations/${large.conversationId}/messages`),
    count: SOME,
  },
  'UserConversationsController.conversations': {
    turn: get(asAnn, () => `/v1/users/${ann.userId}/conversations`),
    count: 40 + SOME,
  },
  'GroupsController.list': { turn: get(asAnn, () => '/v1/groups'), count: SOME },
  'GroupsController.readersOf': { turn: ofGroup('messages/2/readers?status=unread'), count: CROWD },
  'GroupMembersController.list': { turn: ofGroup('members'), count: CROWD },
  'GroupRequestsController.list': { turn: ofGroup('join-requests'), count: CROWD },
  'UserGroupsController.groups': { turn: get(asAnn, () => `/v1/users/${ann.userId}/groups`), count: SOME },
  'UserGroupsController.invited': {
    turn: get(asAnn, () => `/v1/users/${ann.userId}/group-invitations`),
    count: CROWD,
  },
  'ModerationController.mutes': { turn: ofGroup('mutes'), count: CROWD },
  'ModerationController.speakers': { turn: ofGroup('speakers'), count: CROWD },
  'ModerationController.bans': { turn: ofGroup('bans'), count: CROWD },
  'ChatroomsController.list': { turn: get(asAnn, () => '/v1/chatrooms'), count: SOME },
  'ChatroomsController.messages': { turn: ofRoom(() => furnished, 'messages'), count: SOME },
  'ChatroomMembersController.list': { turn: ofRoom(() => visited, 'members'), count: 50 },
  'ChatroomMembersController.admins': { turn: sanctions('admins'), count: CROWD },
  'ChatroomModerationController.mutes': { turn: sanctions('mutes'), count: CROWD },
  'ChatroomModerationController.speakers': { turn: sanctions('speakers'), count: CROWD },
  'ChatroomModerationController.bans': { turn: sanctions('bans'), count: CROWD },
  'SuperAdminsController.list': { turn: get(asApp, () => '/v1/chatroom-super-admins'), count: CROWD },
  'AttributesController.list': { turn: ofRoom(() => furnished, 'attributes'), count: SOME },
  'DeliveriesController.list': {
    turn: get(asApp, () => `/v1/push/deliveries?userId=${ann.userId}`),
    count: CROWD,
  },
  'DeadLettersController.list': {
    turn: get(
      () => operator(parley),
      () => '/v1/operator/push/dead-letters',
    ),
    count: 40,
  },

  'conversation:pull': {
    turn: async (next) => {
      const { conversationId } = large;
      const page = await ann.device.tell('conversation:pull', { conversationId, after: Number(next ?? 0), limit: 100 });
      const more = page.nextCursor === undefined ? undefined : String(page.covers?.to);
      return { items: page.items, next: more, text: JSON.stringify(page) };
    },
    count: SOME,
  },
  sync: {
    turn: async (next) => {
      const request = { userSeq: 0, conversations: [], ...(next !== undefined && { page: next }) };
      const reply: SyncReply = await ann.device.tell('sync', request);
      return { items: reply.conversations, next: reply.nextPage, text: JSON.stringify(reply) };
    },
    count: 40 + SOME,
  },
  // `more` says that a sync pages through the rest: asked again with what is held now, it goes on.
  'sync:heads': {
    turn: async (next) => {
      const held = (next === undefined ? [] : JSON.parse(next)) as [string, number][];
      const reply = await ann.device.tell('sync:heads', { conversations: held });
      const all = JSON.stringify([...held, ...reply.conversations]);
      return { items: reply.conversations, ...(reply.more && { next: all }), text: JSON.stringify(reply) };
    },
    count: 40 + SOME,
  },
  'chatroom:join': {
    turn: async (next) => {
      if (next !== undefined) return ofRoom(() => furnished, 'attributes')(next);
      const reply = await ann.device.tell('chatroom:join', { chatroomId: furnished.chatroomId, history: 0 });
      const items = Object.entries(reply.attributes).map(([key, value]) => ({ key, value, autoDelete: false }));
      return { items, next: reply.nextCursor, text: JSON.stringify(reply) };
    },
    count: SOME,
  },
};

describe('a list', () => {
  it('is bounded by bytes wherever it says so', () => {
    const paged = Object.entries(LIST_ANSWERS).filter(([, bound]) => bound === 'page');
    expect(Object.keys(LISTS).sort()).toEqual(paged.map(([name]) => name).sort());
  });

  it.each(Object.entries(LISTS))('of %s is read through in pages of so many bytes', async (_, { turn, count }) => {
    const seen: string[] = [];
    let pages = 0;
    for (let next: string | undefined; pages === 0 || next !== undefined; pages++) {
      const page: ListPage = await turn(next);
      expect(page.items.length).toBeGreaterThan(0);
      if (page.items.length > 1) expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(PAGE_BYTES);
      seen.push(...page.items.map((item) => JSON.stringify(item)));
      next = page.next;
      expect(pages).toBeLessThan(200);
    }
    expect(pages).toBeGreaterThan(1);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(count);
  });
});
