import {
  aChatroom,
  aConnectedUser,
  anApp,
  aSession,
  aUser,
  type ConnectedUser,
  type TestApp,
  type TestSession,
} from '../../support/builders';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { codeOf, received, membersOf, errorCodeOf, textsOf, toRoom } from '../../support/rooms';
import { connect, type Device } from '../../support/socket';

describe('chatrooms', () => {
  let parley: Parley;
  let other: Parley;
  let app: TestApp;
  /** Ann and carol on one node, bob on the other. */
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    other = await parley.another();
    app = await anApp(parley);
    [ann, bob, carol] = await Promise.all([
      aConnectedUser(app),
      aConnectedUser(app, { at: other }),
      aConnectedUser(app),
    ]);
  });
  afterAll(async () => {
    for (const { device } of [ann, bob, carol]) device.close();
    await other.stop();
    await parley.stop();
  });

  it('E1 E2 E34: the app server and super-admins create rooms, all users of the app find them', async () => {
    const made = await ok(
      app.api.post('/v1/chatrooms', { name: 'Lobby', description: 'For all', owner: ann.userId, admins: [bob.userId] }),
    );
    expect(made).toMatchObject({ name: 'Lobby', description: 'For all', owner: ann.userId, memberCount: 0 });
    expect(made.conversationId).toBe(`chatroom:${String(made.chatroomId)}`);
    expect(codeOf(await ann.api.post('/v1/chatrooms', { name: 'Mine' }))).toEqual([403, 'FORBIDDEN']);
    const again = { chatroomId: String(made.chatroomId), name: 'Twice' };
    expect(codeOf(await app.api.post('/v1/chatrooms', again))).toEqual([409, 'ALREADY_EXISTS']);

    await ok(app.api.put(`/v1/chatroom-super-admins/${carol.userId}`));
    const carols = await ok(carol.api.post('/v1/chatrooms', { name: 'By carol' }));
    expect((await ok(app.api.get('/v1/chatroom-super-admins'))).items).toEqual([{ userId: carol.userId }]);
    await ok(app.api.delete(`/v1/chatroom-super-admins/${carol.userId}`));
    expect(codeOf(await carol.api.delete(`/v1/chatrooms/${String(carols.chatroomId)}`))).toEqual([403, 'FORBIDDEN']);

    const { items } = await ok<{ items: { chatroomId: string }[] }>(bob.api.get('/v1/chatrooms?limit=100'));
    expect(items.map(({ chatroomId }) => chatroomId)).toEqual(
      expect.arrayContaining([made.chatroomId, carols.chatroomId]),
    );
  });

  it('E3 E5: users of other apps neither see nor join a room; to them it looks as if it did not exist', async () => {
    const { chatroomId, conversationId } = await aChatroom(app);
    const foreign = await anApp(parley);
    const mallory = await aConnectedUser(foreign);
    for (const asked of [chatroomId, 'nothing']) {
      expect(errorCodeOf(await mallory.device.ask('chatroom:join', { chatroomId: asked }))).toBe('CHATROOM_NOT_FOUND');
      expect(codeOf(await mallory.api.get(`/v1/chatrooms/${asked}`))).toEqual([404, 'CHATROOM_NOT_FOUND']);
      expect(codeOf(await foreign.api.delete(`/v1/chatrooms/${asked}`))).toEqual([404, 'CHATROOM_NOT_FOUND']);
      expect(codeOf(await mallory.api.post('/v1/messages', toRoom(asked)))).toEqual([404, 'CHATROOM_NOT_FOUND']);
    }
    expect(codeOf(await mallory.api.get(`/v1/conversations/${conversationId}/messages`))).toEqual([
      404,
      'CONVERSATION_NOT_FOUND',
    ]);
    mallory.device.close();
  });

  it('E4 E6 R3 T3: a user who joins gets the latest messages, oldest first, and then all later ones, on every node', async () => {
    const { chatroomId, conversationId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId, history: 0 });
    for (let n = 1; n <= 15; n++) await ann.device.tell('message:send', toRoom(chatroomId, `${n}`));
    expect(textsOf(ann.device, conversationId)).toEqual([]);

    const joined = await bob.device.tell('chatroom:join', { chatroomId });
    expect(joined).toMatchObject({ chatroomId, conversationId, memberCount: 2, attributes: {}, maxSeq: 15 });
    await received(bob, conversationId, '15');
    expect(textsOf(bob.device, conversationId)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(String));
    await carol.device.tell('chatroom:join', { chatroomId, history: 3 });
    await received(carol, conversationId, '15');
    expect(textsOf(carol.device, conversationId)).toEqual(['13', '14', '15']);

    await ann.device.tell('message:send', toRoom(chatroomId, 'from one node'));
    await bob.device.tell('message:send', toRoom(chatroomId, 'from the other'));
    await Promise.all([
      received(bob, conversationId, 'from one node'),
      received(ann, conversationId, 'from the other'),
      received(carol, conversationId, 'from the other'),
    ]);
    expect(textsOf(carol.device, conversationId)).toEqual(['13', '14', '15', 'from one node', 'from the other']);
    expect(codeOf(await app.api.get(`/v1/chatrooms/${chatroomId}/messages?after=14&limit=2`))[0]).toBe(200);
    const page = await ok<{ items: { seq: number }[] }>(bob.api.get(`/v1/chatrooms/${chatroomId}/messages?limit=3`));
    expect(page.items.map(({ seq }) => seq)).toEqual([17, 16, 15]);
    expect(errorCodeOf(await bob.device.ask('chatroom:join', { chatroomId, history: 51 }))).toBe('INVALID_REQUEST');
  });

  it('E8 E28: joins and departures are announced to the others and seen by the app server', async () => {
    const { chatroomId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId });
    await bob.device.tell('chatroom:join', { chatroomId });
    await ann.device.next(
      'chatroom:event',
      (event) => event.chatroomId === chatroomId && event.kind === 'member-joined' && event.users.includes(bob.userId),
    );
    expect(await membersOf(app, chatroomId)).toEqual([ann.userId, bob.userId].sort());
    expect((await ok(bob.api.get(`/v1/chatrooms/${chatroomId}`))).memberCount).toBe(2);
    expect(codeOf(await bob.api.get(`/v1/chatrooms/${chatroomId}/members`))).toEqual([403, 'FORBIDDEN']);

    await bob.device.tell('chatroom:leave', { chatroomId });
    const left = await ann.device.next(
      'chatroom:event',
      (event) => event.chatroomId === chatroomId && event.kind === 'member-left',
    );
    expect(left).toMatchObject({ users: [bob.userId], memberCount: 1 });
    expect(await membersOf(app, chatroomId)).toEqual([ann.userId]);
    expect(errorCodeOf(await bob.device.ask('message:send', toRoom(chatroomId)))).toBe('NOT_MEMBER');
    expect(codeOf(await bob.api.get(`/v1/chatrooms/${chatroomId}/messages`))).toEqual([403, 'NOT_MEMBER']);
  });

  it('requests of one socket about a room run in the order in which they were sent', async () => {
    const { chatroomId } = await aChatroom(app);
    const ask = (event: 'chatroom:join' | 'chatroom:leave') => carol.device.tell(event, { chatroomId });
    await Promise.all([ask('chatroom:join'), ask('chatroom:leave')]);
    expect(await membersOf(app, chatroomId)).toEqual([]);
    await Promise.all([ask('chatroom:join'), ask('chatroom:leave'), ask('chatroom:join')]);
    expect(await membersOf(app, chatroomId)).toEqual([carol.userId]);
    await Promise.all([ask('chatroom:leave'), ask('chatroom:join'), ask('chatroom:leave')]);
    expect(await membersOf(app, chatroomId)).toEqual([]);
  });

  it('a clean disconnect leaves at once; a lost connection leaves after its grace period, and its return within it is not announced', async () => {
    const { chatroomId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId });
    const user = await aUser(app);
    const session: TestSession = await aSession(user);
    const join = async (at = parley): Promise<Device> => {
      const device = await connect(at.url, session.token, { id: 'phone' });
      await device.tell('chatroom:join', { chatroomId });
      return device;
    };
    const first = await join();
    first.close();
    await eventually('it is out', async () => (await membersOf(app, chatroomId)).length === 1);

    const second = await join();
    second.socket.io.engine.close();
    expect(await membersOf(app, chatroomId)).toContain(user.userId);
    const third = await join(other);
    await eventually('the other node says so', async () => (await membersOf(app, chatroomId)).includes(user.userId));
    const before = ann.device.all('chatroom:event').length;
    third.socket.io.engine.close();
    await eventually('its grace is over', async () => (await membersOf(app, chatroomId)).length === 1, 15_000);
    const since = ann.device.all('chatroom:event').slice(before);
    await ann.device.next('chatroom:event', ({ kind, users }) => kind === 'member-left' && users.includes(user.userId));
    expect(since.filter(({ users }) => users.includes(user.userId)).length).toBeLessThanOrEqual(1);
  });

  it('bans, mutes and removals are in force on every node when their calls are answered', async () => {
    const { chatroomId, conversationId } = await aChatroom(app, { owner: ann.userId });
    for (const { device } of [ann, bob, carol]) await device.tell('chatroom:join', { chatroomId });
    await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/mutes/${bob.userId}`, { seconds: 60 }));
    const muted = await bob.device.ask('message:send', toRoom(chatroomId));
    expect(muted).toMatchObject({ ok: false, error: { code: 'MUTED', details: { until: expect.any(String) } } });
    await ok(ann.api.delete(`/v1/chatrooms/${chatroomId}/mutes/${bob.userId}`));
    await bob.device.tell('message:send', toRoom(chatroomId, 'unmuted'));

    await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/mute-all`, {}));
    expect(errorCodeOf(await bob.device.ask('message:send', toRoom(chatroomId)))).toBe('MUTED');
    await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/speakers/${bob.userId}`));
    await bob.device.tell('message:send', toRoom(chatroomId, 'allowed'));
    await ann.device.tell('message:send', toRoom(chatroomId, 'the owner'));
    await ok(ann.api.delete(`/v1/chatrooms/${chatroomId}/mute-all`));

    await ok(app.api.delete(`/v1/chatrooms/${chatroomId}/members/${carol.userId}`));
    await ann.device.tell('message:send', toRoom(chatroomId, 'without carol'));
    await carol.device.next('chatroom:event', ({ kind, users }) => kind === 'removed' && users.includes(carol.userId));
    await received(bob, conversationId, 'without carol');
    expect(errorCodeOf(await carol.device.ask('message:send', toRoom(chatroomId)))).toBe('NOT_MEMBER');
    await carol.device.tell('chatroom:join', { chatroomId, history: 0 });

    await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/bans/${bob.userId}`, {}));
    await ann.device.tell('message:send', toRoom(chatroomId, 'without bob'));
    await bob.device.next('chatroom:event', ({ kind, users }) => kind === 'banned' && users.includes(bob.userId));
    await received(carol, conversationId, 'without bob');
    expect(errorCodeOf(await bob.device.ask('message:send', toRoom(chatroomId)))).toBe('BANNED');
    expect(errorCodeOf(await bob.device.ask('chatroom:join', { chatroomId }))).toBe('BANNED');
    expect((await ok(ann.api.get(`/v1/chatrooms/${chatroomId}/bans`))).items).toEqual([{ userId: bob.userId }]);
    await ok(ann.api.delete(`/v1/chatrooms/${chatroomId}/bans/${bob.userId}`));
    await bob.device.tell('chatroom:join', { chatroomId, history: 0 });
    await bob.device.tell('message:send', toRoom(chatroomId, 'bob again'));

    expect(textsOf(carol.device, conversationId)).not.toContain('without carol');
    expect(textsOf(bob.device, conversationId)).not.toContain('without bob');
    expect(codeOf(await carol.api.put(`/v1/chatrooms/${chatroomId}/bans/${bob.userId}`, {}))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });

  it('E7: the app server renames rooms, appoints admins, adds members and closes rooms, and all members are told', async () => {
    const { chatroomId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId });
    expect(codeOf(await ann.api.patch(`/v1/chatrooms/${chatroomId}`, { name: 'Mine' }))).toEqual([403, 'FORBIDDEN']);
    await ok(app.api.patch(`/v1/chatrooms/${chatroomId}`, { name: 'Renamed', description: 'Anew' }));
    await ann.device.next('chatroom:event', ({ kind, chatroomId: of }) => kind === 'updated' && of === chatroomId);
    await ok(app.api.put(`/v1/chatrooms/${chatroomId}/admins/${ann.userId}`));
    expect(await ok(ann.api.put(`/v1/chatrooms/${chatroomId}/announcement`, { text: 'Welcome' }))).toEqual({
      announcement: 'Welcome',
    });
    const absent = await aUser(app);
    const { items } = await ok<{ items: { ok: boolean; error?: { code: string } }[] }>(
      app.api.post(`/v1/chatrooms/${chatroomId}/members`, { userIds: [bob.userId, absent.userId, 'nobody'] }),
    );
    expect(items.map((item) => item.error?.code ?? item.ok)).toEqual([true, 'USER_OFFLINE', 'USER_NOT_FOUND']);
    expect(await membersOf(app, chatroomId)).toEqual([ann.userId, bob.userId].sort());
    await ann.device.tell('message:send', toRoom(chatroomId, 'to bob'));
    await received(bob, `chatroom:${chatroomId}`, 'to bob');
    expect(await carol.device.tell('chatroom:join', { chatroomId })).toMatchObject({ announcement: 'Welcome' });

    await ok(app.api.delete(`/v1/chatrooms/${chatroomId}`));
    for (const { device } of [ann, bob, carol]) {
      await device.next('chatroom:event', ({ kind, chatroomId: of }) => kind === 'closed' && of === chatroomId);
    }
    expect(errorCodeOf(await ann.device.ask('message:send', toRoom(chatroomId)))).toBe('CHATROOM_NOT_FOUND');
    expect(errorCodeOf(await ann.device.ask('chatroom:join', { chatroomId }))).toBe('CHATROOM_NOT_FOUND');
    expect(codeOf(await app.api.get(`/v1/chatrooms/${chatroomId}`))).toEqual([404, 'CHATROOM_NOT_FOUND']);

    await ok(app.api.post('/v1/chatrooms', { chatroomId, name: 'Anew' }));
    const reopened = await bob.device.tell('chatroom:join', { chatroomId });
    expect(reopened).toMatchObject({ maxSeq: 1, memberCount: 1 });
    expect(reopened.announcement).toBeUndefined();
    const { seq } = await bob.device.tell('message:send', toRoom(chatroomId, 'the first'));
    const page = await ok<{ items: { seq: number }[] }>(bob.api.get(`/v1/chatrooms/${chatroomId}/messages?after=0`));
    expect(page.items.map((message) => message.seq)).toEqual([seq]);
  });
});
