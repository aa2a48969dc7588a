import { randomBytes } from 'node:crypto';
import {
  aConnectedUser,
  aGroup,
  anApp,
  aUser,
  operator,
  type ConnectedUser,
  type TestApp,
} from '../../support/builders';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok, type Answer, type Body } from '../../support/http';
import { connect } from '../../support/socket';

const codeOf = ({ status, body }: Answer): unknown[] => [status, (body.error as unknown as { code?: string })?.code];
const toGroup = (id: string, text: string) => ({
  to: { kind: 'group' as const, id },
  clientMessageId: randomBytes(12).toString('hex'),
  type: 'text',
  body: { text },
});

describe('what a group may be told to be', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob, carol] = await Promise.all(Array.from({ length: 3 }, () => aConnectedUser(app)));
  });
  afterAll(async () => {
    for (const { device } of [ann, bob, carol]) device.close();
    await parley.stop();
  });

  const textsOf = async (user: Pick<ConnectedUser, 'api'>, conversationId: string): Promise<unknown[]> => {
    const { items } = await ok<{ items: { body: { text?: string; kind?: string } }[] }>(
      user.api.get(`/v1/conversations/${conversationId}/messages?after=0&limit=100`),
    );
    return items.map(({ body }) => body.text ?? body.kind);
  };
  const rowOf = (user: ConnectedUser, conversationId: string): Promise<Body> =>
    ok(user.api.get(`/v1/conversations/${conversationId}`));
  /** A device of this user that was away until now, and everything its own log kept for it. */
  const eventsOf = async (user: ConnectedUser): Promise<Record<string, unknown>[]> => {
    const device = await connect(parley.url, user.token, { id: randomBytes(6).toString('hex') });
    const { userEvents } = await device.tell('sync', { userSeq: 0, conversations: [] });
    device.close();
    return userEvents.filter(({ kind }) => kind === 'group').map(({ data }) => data);
  };

  it('lets admins remove members where it says so, and never the owner or another admin', async () => {
    const { groupId } = await aGroup(app, [ann, bob, carol]);
    const remove = (whom: ConnectedUser) => bob.api.delete(`/v1/groups/${groupId}/members/${whom.userId}`);
    await ok(ann.api.put(`/v1/groups/${groupId}/admins/${bob.userId}`, {}));
    expect(codeOf(await remove(carol))).toEqual([403, 'FORBIDDEN']);
    await ok(ann.api.patch(`/v1/groups/${groupId}`, { adminsMayRemove: true }));
    expect(codeOf(await remove(ann))).toEqual([409, 'OWNER_MUST_TRANSFER']);
    await ok(ann.api.put(`/v1/groups/${groupId}/admins/${carol.userId}`, {}));
    expect(codeOf(await remove(carol))).toEqual([403, 'FORBIDDEN']);
    await ok(ann.api.delete(`/v1/groups/${groupId}/admins/${carol.userId}`));
    await ok(remove(carol));
    expect((await ok(ann.api.get(`/v1/groups/${groupId}`))).memberCount).toBe(2);
    await ok(ann.api.delete(`/v1/groups/${groupId}/admins/${bob.userId}`));
    await ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: [carol.userId] }));
    expect(codeOf(await remove(carol))).toEqual([403, 'FORBIDDEN']);
  });

  it('gives its history to whoever comes while it says so, and to nobody who came before', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann]);
    const add = (user: ConnectedUser) => ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: [user.userId] }));
    await ok(ann.api.post('/v1/messages', toGroup(groupId, 'early')));
    await add(bob);
    await ok(ann.api.patch(`/v1/groups/${groupId}`, { historyForNewMembers: true }));
    await add(carol);
    expect(await textsOf(carol, conversationId)).toEqual(['created', 'early', 'joined', 'updated', 'joined']);
    expect(await textsOf(bob, conversationId)).toEqual(['joined', 'updated', 'joined']);
    // What was said before one came is read, whether one may see it or not.
    expect((await rowOf(carol, conversationId)).unread).toBe(0);
    expect(await rowOf(carol, conversationId)).toMatchObject({ minSeq: 1, readSeq: 4 });
    await ok(ann.api.post('/v1/messages', toGroup(groupId, 'late')));
    expect((await rowOf(carol, conversationId)).unread).toBe(1);
  });

  it('keeps fields of the app’s own for itself and for each member, within bounds', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob]);
    const path = `/v1/groups/${groupId}`;
    const attributes = { z: 1, a: { level: 3 }, list: [1, 'two'] };
    expect(await ok(ann.api.patch(path, { attributes }))).toMatchObject({ attributes });
    expect(JSON.stringify((await ok(bob.api.get(path))).attributes)).toBe(JSON.stringify(attributes));
    expect(codeOf(await bob.api.patch(path, { attributes: {} }))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await ann.api.patch(path, { attributes: { fat: 'x'.repeat(4096) } }))).toEqual([413, 'TOO_LARGE']);
    expect(await ok(ann.api.patch(path, { name: 'Renamed' }))).toMatchObject({ attributes, name: 'Renamed' });
    expect(await ok(ann.api.patch(path, { attributes: null }))).not.toHaveProperty('attributes');

    const own = { nickname: 'Bobby', attributes: { team: 'red' } };
    expect(await ok(bob.api.patch(`${path}/members/${bob.userId}`, own))).toMatchObject(own);
    expect(codeOf(await bob.api.patch(`${path}/members/${ann.userId}`, { nickname: 'Boss' }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    expect(await ok(ann.api.patch(`${path}/members/${bob.userId}`, { attributes: null }))).toEqual({
      userId: bob.userId,
      role: 'member',
      nickname: 'Bobby',
      joinedAt: expect.any(String),
    });
    expect(
      codeOf(await bob.api.patch(`${path}/members/${bob.userId}`, { attributes: { fat: 'x'.repeat(2048) } })),
    ).toEqual([413, 'TOO_LARGE']);
    expect(await ok(ann.api.get(`${path}/members/${bob.userId}`))).toMatchObject({ nickname: 'Bobby' });
    expect(await textsOf(bob, conversationId)).toEqual(['created', ...Array.from({ length: 5 }, () => 'updated')]);
  });

  it('T1: takes in as many as the plan allows, at once, by ones and together', async () => {
    const small = await anApp(parley);
    await ok(operator(parley).patch(`/v1/operator/developers/${small.developer.accountSid}`, { plan: 'trial' }));
    const users = [];
    for (let n = 0; n < 22; n++) users.push(await aUser(small));
    const ids = users.map(({ userId }) => userId);
    const make = (members: string[]) =>
      small.api.post('/v1/groups', { name: 'Small', visibility: 'public', owner: ids[0], members });
    const quota = [429, 'QUOTA_EXCEEDED'];
    expect(codeOf(await make(ids.slice(0, 21)))).toEqual(quota);
    const made = await ok(make(ids.slice(0, 19)));
    const path = `/v1/groups/${String(made.groupId)}`;
    const refused = await small.api.post(`${path}/members`, { userIds: ids.slice(19, 21) });
    expect(codeOf(refused)).toEqual(quota);
    expect(refused.body.error).toMatchObject({ details: { quota: 'groupMembers', limit: 20 } });
    await ok(small.api.post(`${path}/members`, { userIds: ids.slice(19, 20) }));
    expect(codeOf(await small.api.post(`${path}/invitations`, { userIds: ids.slice(20, 21) }))).toEqual(quota);
    await ok(small.api.delete(`${path}/members/${ids[1]}`));
    await ok(small.api.post(`${path}/invitations`, { userIds: ids.slice(20, 21) }));
    expect((await ok(small.api.get(path))).memberCount).toBe(20);
  });

  it('Y18: do-not-disturb and pin concern one member alone, and its own devices hear of them', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob]);
    const second = await connect(parley.url, bob.token, { id: 'second-of-bob' });
    const before = await rowOf(ann, conversationId);
    const changed = await ok(bob.api.patch(`/v1/conversations/${conversationId}`, { muted: true, pinned: true }));
    expect(changed).toMatchObject({ muted: true, pinned: true });
    const heard = await second.next('user:event', ({ kind }) => kind === 'conversation-changed');
    expect(heard.data).toEqual({ conversationId, muted: true, pinned: true });
    second.close();
    expect(await rowOf(ann, conversationId)).toEqual(before);
    expect(ann.device.all('user:event').filter(({ kind }) => kind === 'conversation-changed')).toEqual([]);
    // Muted or not, it hears, and counts.
    await ok(ann.api.post('/v1/messages', toGroup(groupId, 'hush')));
    await bob.device.next('message:new', ({ body }) => (body as { text?: string }).text === 'hush');
    expect(await rowOf(bob, conversationId)).toMatchObject({ muted: true, pinned: true, unread: 1 });
    const readable = await aGroup(app, [ann], { visibility: 'public', readableByNonMembers: true });
    expect(codeOf(await bob.api.patch(`/v1/conversations/${readable.conversationId}`, { pinned: true }))).toEqual([
      404,
      'CONVERSATION_NOT_FOUND',
    ]);
  });

  it('keeps what waits for a decision, and what was decided, for those who were away', async () => {
    const [owner, admin, dave] = await Promise.all(Array.from({ length: 3 }, () => aConnectedUser(app)));
    const { groupId } = await aGroup(app, [owner, admin]);
    await ok(owner.api.put(`/v1/groups/${groupId}/admins/${admin.userId}`, {}));
    for (const { device } of [owner, admin]) device.close();
    const { requestId } = await dave.device.tell('group:join', { groupId, message: 'please' });
    const eve = await aConnectedUser(app);
    const second = await eve.device.tell('group:join', { groupId });
    eve.device.close();
    const asked = { groupId, kind: 'join-requested', by: dave.userId, users: [dave.userId], requestId };
    for (const away of [owner, admin]) {
      expect(await eventsOf(away)).toEqual([
        { ...asked, message: 'please' },
        { ...asked, by: eve.userId, users: [eve.userId], requestId: second.requestId },
      ]);
    }
    await ok(owner.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/reject`, { reason: 'no' }));
    const rejected = { groupId, kind: 'request-rejected', users: [dave.userId], requestId, reason: 'no' };
    expect(await dave.device.next('group:event', ({ kind }) => kind === 'request-rejected')).toMatchObject(rejected);
    // The decision takes the place of the request.
    expect((await eventsOf(admin)).map(({ kind }) => kind)).toEqual(['join-requested', 'request-rejected']);
    expect((await eventsOf(dave)).at(-1)).toMatchObject(rejected);
    dave.device.close();
  });

  it('lets a deleted user go: out of every group, its own handed on or ended, nothing left to its id', async () => {
    const [dave, eve] = await Promise.all(Array.from({ length: 2 }, () => aConnectedUser(app)));
    const plain = await aGroup(app, [ann, dave, bob]);
    const owned = await aGroup(app, [dave, ann, bob]);
    const outside = await aGroup(app, [dave, eve], { ownerJoins: false });
    const alone = await aGroup(app, [dave]);
    const closed = await aGroup(app, [ann]);
    await ok(ann.api.put(`/v1/groups/${plain.groupId}/admins/${dave.userId}`, {}));
    await ok(dave.api.put(`/v1/groups/${owned.groupId}/admins/${bob.userId}`, {}));
    await dave.device.tell('group:join', { groupId: closed.groupId });
    await ok(app.api.put(`/v1/groups/${plain.groupId}/suspension`));

    await ok(app.api.delete(`/v1/users/${dave.userId}`));
    const members = async ({ groupId }: { groupId: string }) => {
      const { items } = await ok<{ items: { userId: string; role: string }[] }>(
        app.api.get(`/v1/groups/${groupId}/members`),
      );
      return items.map(({ userId, role }) => [userId, role]);
    };
    // Nobody reads its name in a list from the first moment on; the groups' own stories follow soon.
    expect((await members(plain)).flat()).not.toContain(dave.userId);
    await eventually('the group of nobody is dissolved', async () => {
      return (await app.api.get(`/v1/groups/${alone.groupId}`)).status === 404;
    });
    await eventually('the others let it go', async () => {
      const counts = await Promise.all(
        [plain, owned].map(async ({ groupId }) => (await ok(app.api.get(`/v1/groups/${groupId}`))).memberCount),
      );
      return counts.join() === '2,2';
    });
    // The admin follows before who came earlier.
    expect(Object.fromEntries(await members(owned))).toEqual({ [ann.userId]: 'member', [bob.userId]: 'owner' });
    expect(await members(outside)).toEqual([[eve.userId, 'owner']]);
    expect(await textsOf(bob, owned.conversationId)).toEqual(['created', 'admin-changed', 'owner-changed', 'removed']);
    expect(await ok(app.api.get(`/v1/groups/${closed.groupId}/join-requests`))).toMatchObject({ items: [] });

    const reborn = await aConnectedUser(app, { userId: dave.userId });
    expect(await ok(reborn.api.get(`/v1/users/${dave.userId}/groups`))).toEqual({ items: [] });
    expect(codeOf(await reborn.api.get(`/v1/groups/${owned.groupId}`))).toEqual([404, 'GROUP_NOT_FOUND']);
    for (const { device } of [eve, reborn]) device.close();
  });

  it('E22 T9: the console makes a group of a chosen id, fills it, speaks in it and ends it; E38: its id is no user’s', async () => {
    const console = parley.api.as({
      basic: [app.developer.accountSid, app.developer.authToken],
      appId: app.appId,
    });
    const groupId = `Team_${randomBytes(4).toString('hex')}@x.y-z`;
    const made = await ok(
      console.post('/v1/groups', {
        groupId,
        name: '团队 🚀',
        introduction: 'Hi',
        visibility: 'public',
        owner: ann.userId,
        members: [bob.userId],
      }),
    );
    expect(made).toMatchObject({ groupId, name: '团队 🚀', memberCount: 2, conversationId: `group:${groupId}` });
    await ok(console.post(`/v1/groups/${groupId}/members`, { userIds: [carol.userId] }));
    await ok(console.post('/v1/messages', toGroup(groupId, 'a test')));
    const heard = await carol.device.next('message:new', ({ conversationId }) => conversationId === `group:${groupId}`);
    expect(heard).toMatchObject({ to: { kind: 'group', id: groupId } });
    const listed = await ok<{ items: { groupId: string }[] }>(console.get('/v1/groups?limit=100'));
    expect(listed.items.map((item) => item.groupId)).toContain(groupId);
    const wrongWay = { ...toGroup(groupId, 'x'), to: { kind: 'user', id: groupId } };
    expect((await ann.api.post('/v1/messages', wrongWay)).status).toBe(404);
    expect(codeOf(await console.post('/v1/groups', { groupId: '团队', name: 'x', visibility: 'public' }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
    await ok(console.delete(`/v1/groups/${groupId}`));
    expect(codeOf(await ann.api.get(`/v1/groups/${groupId}`))).toEqual([404, 'GROUP_NOT_FOUND']);
  });
});
