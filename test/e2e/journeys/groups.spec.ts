import { randomBytes } from 'node:crypto';
import { aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok, type Answer } from '../../support/http';
import { connect } from '../../support/socket';

const codeOf = ({ status, body }: Answer): unknown[] => [status, (body.error as unknown as { code?: string })?.code];
const toGroup = (id: string, text = 'Hello', more: object = {}) => ({
  to: { kind: 'group' as const, id },
  clientMessageId: randomBytes(12).toString('hex'),
  type: 'text',
  body: { text },
  ...more,
});

interface Line {
  seq: number;
  type: string;
  from: string | null;
  body: { kind?: string; users?: string[]; text?: string };
}

describe('groups', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  let dave: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob, carol, dave] = await Promise.all(Array.from({ length: 4 }, () => aConnectedUser(app)));
  });
  afterAll(async () => {
    for (const { device } of [ann, bob, carol, dave]) device.close();
    await parley.stop();
  });

  const history = async (user: Pick<ConnectedUser, 'api'>, conversationId: string): Promise<Line[]> => {
    const { items } = await ok<{ items: Line[] }>(
      user.api.get(`/v1/conversations/${conversationId}/messages?after=0&limit=100`),
    );
    return items;
  };
  const unreadOf = async (user: ConnectedUser, conversationId: string): Promise<number> =>
    Number((await ok(user.api.get(`/v1/conversations/${conversationId}`))).unread);

  it('Y19: a private group lets in whom an admin agrees to, and is nothing to everybody else until then', async () => {
    const created = await ann.device.tell('group:create', { name: 'Private', visibility: 'private' });
    const { groupId, conversationId } = created;
    expect(created).toMatchObject({ owner: ann.userId, memberCount: 1 });
    for (const path of ['', '/members', '/join-requests']) {
      expect(codeOf(await bob.api.get(`/v1/groups/${groupId}${path}`))).toEqual([404, 'GROUP_NOT_FOUND']);
    }
    expect(codeOf(await bob.api.post('/v1/messages', toGroup(groupId)))).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(codeOf(await bob.api.get(`/v1/conversations/${conversationId}/messages`))).toEqual([
      404,
      'CONVERSATION_NOT_FOUND',
    ]);

    const asked = await bob.device.tell('group:join', { groupId, message: 'It is me' });
    expect(asked).toEqual({ status: 'pending', requestId: expect.any(String) });
    expect(await bob.device.tell('group:join', { groupId })).toEqual(asked);
    const heard = await ann.device.next('group:event', ({ kind }) => kind === 'join-requested');
    expect(heard).toMatchObject({ groupId, by: bob.userId, users: [bob.userId], message: 'It is me' });
    expect((await ok(ann.api.get(`/v1/groups/${groupId}/join-requests?status=pending`))).items).toMatchObject([
      { requestId: asked.requestId, userId: bob.userId },
    ]);

    await ann.device.tell('message:send', toGroup(groupId, 'before bob'));
    const requestId = String(asked.requestId);
    await Promise.all([
      ok(ann.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/approve`)),
      ok(app.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/approve`)),
    ]);
    expect(codeOf(await ann.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/reject`, {}))).toEqual([
      409,
      'ALREADY_DECIDED',
    ]);
    const joined = await bob.device.next('group:event', ({ kind }) => kind === 'joined');
    expect(joined).toMatchObject({ groupId, users: [bob.userId], seq: 3 });
    const sent = await ann.device.tell('message:send', toGroup(groupId, 'hello bob'));
    expect(sent.seq).toBe(4);
    expect(
      await bob.device.next('message:new', ({ seq, conversationId: of }) => of === conversationId && seq === 4),
    ).toMatchObject({ body: { text: 'hello bob' } });
    expect((await history(bob, conversationId)).map(({ seq }) => seq)).toEqual([3, 4]);
    expect(bob.device.all('message:new').filter(({ conversationId: of }) => of === conversationId)).toHaveLength(2);
    expect(await unreadOf(bob, conversationId)).toBe(1);
  });

  it('Y18 E35: a public group is found, joined at once, left, and does not take back whom it banned', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann], { visibility: 'public', introduction: 'Come in' });
    expect((await ok(carol.api.get(`/v1/groups/${groupId}`))).announcement).toBeUndefined();
    expect(await ok(carol.api.get(`/v1/groups/${groupId}`))).toMatchObject({ introduction: 'Come in', memberCount: 1 });
    expect(codeOf(await carol.api.get(`/v1/groups/${groupId}/members`))).toEqual([403, 'NOT_MEMBER']);
    expect(codeOf(await carol.api.post('/v1/messages', toGroup(groupId)))).toEqual([403, 'NOT_MEMBER']);
    expect(await ok(carol.api.post(`/v1/groups/${groupId}/join-requests`, {}))).toEqual({ status: 'joined' });
    expect(
      (await ok<{ items: { groupId: string }[] }>(carol.api.get(`/v1/users/${carol.userId}/groups`))).items,
    ).toContainEqual(expect.objectContaining({ groupId, role: 'member' }));
    expect(codeOf(await carol.api.delete(`/v1/groups/${groupId}/members/${ann.userId}`))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await carol.api.delete(`/v1/groups/${groupId}`))).toEqual([403, 'FORBIDDEN']);

    await carol.device.tell('group:leave', { groupId });
    expect(codeOf(await carol.api.get(`/v1/conversations/${conversationId}`))).toEqual([404, 'CONVERSATION_NOT_FOUND']);
    await ann.device.tell('message:send', toGroup(groupId, 'while carol is out'));
    await carol.device.tell('group:join', { groupId });
    expect((await history(carol, conversationId)).map(({ body }) => body.kind ?? body.text)).toEqual(['joined']);

    await ok(ann.api.put(`/v1/groups/${groupId}/bans/${carol.userId}`, {}));
    const removed = await carol.device.next('group:event', (event) => event.kind === 'removed');
    expect(removed).toMatchObject({ groupId, by: ann.userId, users: [carol.userId], banned: true });
    expect(codeOf(await carol.api.post(`/v1/groups/${groupId}/join-requests`, {}))).toEqual([403, 'BANNED']);
    await ok(ann.api.delete(`/v1/groups/${groupId}/bans/${carol.userId}`));
    expect(await carol.device.tell('group:join', { groupId })).toEqual({ status: 'joined' });
    expect((await history(ann, conversationId)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('keeps its owner until the group is another’s', async () => {
    const { groupId } = await aGroup(app, [ann, bob]);
    expect(codeOf(await ann.api.delete(`/v1/groups/${groupId}/members/${ann.userId}`))).toEqual([
      409,
      'OWNER_MUST_TRANSFER',
    ]);
    expect(codeOf(await bob.api.put(`/v1/groups/${groupId}/owner`, { userId: bob.userId }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    await ok(ann.api.put(`/v1/groups/${groupId}/owner`, { userId: bob.userId }));
    await ok(ann.api.delete(`/v1/groups/${groupId}/members/${ann.userId}`));
    expect((await ok<{ items: object[] }>(bob.api.get(`/v1/groups/${groupId}/members`))).items).toEqual([
      { userId: bob.userId, role: 'owner', joinedAt: expect.any(String) },
    ]);
  });

  it('lets members invite only where it says so, and waits for consent only where it says so', async () => {
    const strict = await aGroup(app, [ann, bob], { invitationsNeedConsent: true });
    const open = await aGroup(app, [ann, bob], { membersMayInvite: true });
    const invite = (by: ConnectedUser, groupId: string) =>
      by.api.post(`/v1/groups/${groupId}/invitations`, { userIds: [carol.userId] });
    expect(codeOf(await invite(bob, strict.groupId))).toEqual([403, 'FORBIDDEN']);
    expect((await ok(invite(bob, open.groupId))).items).toEqual([{ userId: carol.userId, status: 'joined' }]);
    const { items } = await ok(invite(ann, strict.groupId));
    expect(items).toMatchObject([{ userId: carol.userId, status: 'invited' }]);
    const invited = await carol.device.next('group:event', ({ kind }) => kind === 'invited');
    const invitationId = String(invited.invitationId);
    expect(codeOf(await dave.api.post(`/v1/groups/${strict.groupId}/invitations/${invitationId}/accept`))).toEqual([
      404,
      'GROUP_NOT_FOUND',
    ]);
    expect(codeOf(await carol.api.get(`/v1/groups/${strict.groupId}`))).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(await carol.device.tell('group:accept', { groupId: strict.groupId, invitationId })).toEqual({
      status: 'joined',
    });
    expect(await ok(carol.api.get(`/v1/groups/${strict.groupId}`))).toMatchObject({ memberCount: 3, role: 'member' });
  });

  it('silences one for a time, or all but those who may speak', async () => {
    const { groupId } = await aGroup(app, [ann, bob, carol]);
    const send = (user: ConnectedUser) => user.api.post('/v1/messages', toGroup(groupId));
    await ok(ann.api.put(`/v1/groups/${groupId}/mutes/${bob.userId}`, { seconds: 1 }));
    expect(codeOf(await send(bob))).toEqual([403, 'MUTED']);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await ok(send(bob));
    await ok(ann.api.put(`/v1/groups/${groupId}/mute-all`, {}));
    expect(codeOf(await send(bob))).toEqual([403, 'MUTED']);
    await ok(ann.api.put(`/v1/groups/${groupId}/speakers/${bob.userId}`, {}));
    await ok(send(bob));
    expect(codeOf(await send(carol))).toEqual([403, 'MUTED']);
    await ok(ann.api.put(`/v1/groups/${groupId}/admins/${carol.userId}`, {}));
    await ok(send(carol));
    await ok(app.api.put(`/v1/groups/${groupId}/suspension`));
    expect(codeOf(await send(ann))).toEqual([403, 'GROUP_SUSPENDED']);
    await ok(app.api.post('/v1/messages', toGroup(groupId, 'from the app')));
    await ok(app.api.delete(`/v1/groups/${groupId}/suspension`));
    await ok(send(ann));
  });

  it('shows a directed message to whom it is for, and its bare place to the others', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob, carol]);
    const options = { recipients: [bob.userId] };
    const sent = await ann.device.tell('message:send', toGroup(groupId, 'between us', { options }));
    expect(sent).toMatchObject({ seq: 2, recipients: [bob.userId] });
    const at = (user: ConnectedUser) =>
      user.device.next('message:new', (message) => message.conversationId === conversationId && message.seq === 2);
    expect(await at(bob)).toMatchObject({ body: { text: 'between us' }, from: ann.userId });
    expect(await at(carol)).toMatchObject({ type: 'hidden', from: null, body: {} });
    const texts = async (user: ConnectedUser) => (await history(user, conversationId)).map(({ body }) => body.text);
    expect(await texts(bob)).toEqual([undefined, 'between us']);
    expect(await texts(carol)).toEqual([undefined, undefined]);
    expect([await unreadOf(ann, conversationId), await unreadOf(bob, conversationId)]).toEqual([0, 1]);
    expect(await unreadOf(carol, conversationId)).toBe(0);
    const { body } = await carol.api.get(`/v1/conversations`);
    expect(JSON.stringify(body)).not.toContain('between us');
    const synced = await carol.device.tell('sync', { userSeq: 0, conversations: [[conversationId, 0]] });
    expect(JSON.stringify(synced)).not.toContain('between us');
    expect(
      codeOf(await ann.api.post('/v1/messages', toGroup(groupId, 'x', { options: { recipients: [dave.userId] } }))),
    ).toEqual([403, 'NOT_MEMBER']);
    expect(codeOf(await carol.api.get(`/v1/groups/${groupId}/messages/2/readers`))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    expect(await ok(ann.api.get(`/v1/groups/${groupId}/messages/2/readers`))).toMatchObject({ read: 0, unread: 1 });
  });

  it('counts what others sent after one’s mark, own messages left out, and says who has read', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob, carol]);
    for (const [index, user] of [ann, bob, ann, bob, bob, ann].entries()) {
      await ok(user.api.post('/v1/messages', toGroup(groupId, `${index}`)));
    }
    await ok(ann.api.post('/v1/messages', toGroup(groupId, 'for bob', { options: { recipients: [bob.userId] } })));
    const unread = () => Promise.all([ann, bob, carol].map((user) => unreadOf(user, conversationId)));
    expect(await unread()).toEqual([3, 4, 6]);
    expect(await ok(bob.api.put(`/v1/conversations/${conversationId}/read`, { seq: 4 }))).toEqual({
      readSeq: 4,
      unread: 2,
    });
    await ok(ann.api.put(`/v1/conversations/${conversationId}/read`, { seq: 3 }));
    await ok(carol.api.put(`/v1/conversations/${conversationId}/read`, { seq: 8 }));
    expect(await unread()).toEqual([2, 2, 0]);
    await ok(bob.api.put(`/v1/conversations/${conversationId}/read`, { seq: 8 }));
    await ok(bob.api.post('/v1/messages', toGroup(groupId, 'more')));
    expect(await unread()).toEqual([3, 0, 1]);
    const readers = await ok(ann.api.get(`/v1/groups/${groupId}/messages/7/readers`));
    expect(readers).toMatchObject({ read: 2, unread: 0 });
    expect(await ok(ann.api.get(`/v1/groups/${groupId}/messages/9/readers?status=unread`))).toMatchObject({
      items: expect.arrayContaining([{ userId: ann.userId }, { userId: carol.userId }]),
      read: 0,
      unread: 2,
    });
  });

  it('names all only by whom it may, and tells mentions to everybody', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob]);
    const all = (user: ConnectedUser) =>
      user.api.post('/v1/messages', toGroup(groupId, 'all!', { options: { mentions: { all: true } } }));
    expect(codeOf(await all(bob))).toEqual([403, 'FORBIDDEN']);
    expect(await ok(all(ann))).toMatchObject({ mentions: { all: true } });
    expect(
      await bob.device.next('message:new', ({ mentions, conversationId: of }) => !!mentions && of === conversationId),
    ).toMatchObject({ mentions: { all: true } });
  });

  it('reaches who was away with what changed: in the log, the list, and one’s own events', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann, bob]);
    dave.device.close();
    await ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: [dave.userId] }));
    const { items } = await ok<{ items: { conversationId: string; lastMessage: Line }[] }>(
      dave.api.get('/v1/conversations'),
    );
    expect(items[0]).toMatchObject({ conversationId, lastMessage: { type: 'notice', body: { kind: 'joined' } } });
    await ok(ann.api.delete(`/v1/groups/${groupId}/members/${dave.userId}`));
    dave = { ...dave, ...(await reconnected(dave)) };
    const { userEvents } = await dave.device.tell('sync', { userSeq: 0, conversations: [] });
    expect(userEvents).toContainEqual(
      expect.objectContaining({ kind: 'group', data: expect.objectContaining({ groupId, kind: 'removed' }) }),
    );
    expect(codeOf(await dave.api.get(`/v1/conversations/${conversationId}/messages`))).toEqual([
      404,
      'CONVERSATION_NOT_FOUND',
    ]);
    await ok(ann.api.delete(`/v1/groups/${groupId}`));
    expect((await history(bob, conversationId)).map(({ body }) => body.kind)).toEqual([
      'created',
      'joined',
      'removed',
      'dissolved',
    ]);
    expect(codeOf(await bob.api.post('/v1/messages', toGroup(groupId)))).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(codeOf(await bob.api.get(`/v1/groups/${groupId}`))).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(codeOf(await ann.api.post('/v1/groups', { groupId, name: 'Again', visibility: 'public' }))).toEqual([
      409,
      'ALREADY_EXISTS',
    ]);
  });

  const reconnected = async (user: ConnectedUser) => {
    return { device: await connect(parley.url, user.token) };
  };

  it('T8 T10: non-members read where the group says so; the owner stays outside where it wishes; the plan limits', async () => {
    const { groupId, conversationId } = await aGroup(app, [ann], {
      readableByNonMembers: true,
      visibility: 'public',
      ownerJoins: false,
      maxMembers: 1,
      members: [bob.userId],
    });
    await ok(bob.api.post('/v1/messages', toGroup(groupId, 'to the world')));
    expect((await history(carol, conversationId)).map(({ body }) => body.text)).toEqual([undefined, 'to the world']);
    expect(codeOf(await ann.api.post('/v1/messages', toGroup(groupId)))).toEqual([403, 'NOT_MEMBER']);
    expect(await carol.device.ask('typing', { conversationId })).toMatchObject({ error: { code: 'NOT_MEMBER' } });
    expect(codeOf(await carol.api.post(`/v1/groups/${groupId}/join-requests`, {}))).toEqual([409, 'GROUP_FULL']);
  });

  it('tells on no node what was said after one was removed, nor before one came, and nobody misses a line', async () => {
    const other = await parley.another();
    const eve = await aConnectedUser(app, { at: other });
    try {
      const { groupId, conversationId } = await aGroup(app, [ann, bob]);
      const heardBy = ({ device }: ConnectedUser): number[] =>
        device
          .all('message:new')
          .flatMap((message) => (message.conversationId === conversationId ? [message.seq ?? 0] : []));
      const send = (text: string) => ann.device.tell('message:send', toGroup(groupId, text));
      // Each node learns of a change from the version of the next message, whichever node made the change.
      await send('before');
      for (const round of [1, 2, 3]) {
        await ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: [eve.userId] }));
        await send(`eve is in, ${round}`);
        await ok(other.api.as({ bearer: ann.token }).delete(`/v1/groups/${groupId}/members/${eve.userId}`));
        await send(`eve is out, ${round}`);
      }
      const last = await send('the last');
      await bob.device.next('message:new', ({ conversationId: of, seq }) => of === conversationId && seq === last.seq);
      // Her own removal she is told apart from the log; whatever else came would have come before this.
      await eve.device.next('group:event', ({ groupId: of, kind }) => of === groupId && kind === 'removed');
      await ok(
        app.api.post('/v1/messages', { ...toGroup(''), to: { kind: 'user', id: eve.userId }, from: ann.userId }),
      );
      await eve.device.next('message:new', ({ to }) => to.kind === 'user');
      expect(heardBy(eve)).toEqual([3, 4, 7, 8, 11, 12]);
      // A removal that the other node tells may cross what this node tells next; clients put it in its place by its seq.
      const inOrder = heardBy(bob).sort((a, b) => a - b);
      expect(inOrder).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    } finally {
      eve.device.close();
      await other.stop();
    }
  });
});
