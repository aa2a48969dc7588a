import { randomUUID } from 'node:crypto';
import type { AppConversation, WireConversation } from '../../../src/kernel/contracts/conversation';
import { aConnectedUser, aGroup, anApp, aUser } from '../../support/builders';
import { ok, type Call } from '../../support/http';
import { aText, between } from '../../support/messages';
import { codeOf } from '../../support/rooms';
import { aSmallWorld } from '../../support/small-world';

interface Unread {
  unread: number;
  mutedUnread: number;
  conversations: number;
}

describe('conversation lists', () => {
  const world = aSmallWorld();

  const list = async (api: Call, query = ''): Promise<WireConversation[]> =>
    (await ok<{ items: WireConversation[] }>(api.get(`/v1/conversations${query}`))).items;
  const say = (from: string, to: string, text = 'hello') =>
    ok(world.app.api.post('/v1/messages', { ...aText(to, text), from }));
  const sayInGroup = (from: string, groupId: string) =>
    ok(
      world.app.api.post('/v1/messages', {
        from,
        to: { kind: 'group', id: groupId },
        clientMessageId: randomUUID(),
        type: 'text',
        body: { text: 'hello all' },
      }),
    );

  it('need no second call: a line says what its peer or its group is called and looks like', async () => {
    const avatarUrl = 'https://example.com/bob.png';
    const bob = await aUser(world.app, { nickname: 'Bob 鲍勃', avatarUrl });
    const nameless = await aUser(world.app);
    const { groupId, conversationId } = await aGroup(world.app, [world.ann, bob], {
      name: 'Rowing club',
      visibility: 'public',
    });
    await say(nameless.userId, world.ann.userId);
    await say(bob.userId, world.ann.userId);
    await ok(world.app.api.post('/v1/messages', { ...aText(world.ann.userId, 'from the app') }));
    const lines = new Map((await list(world.ann.api)).map((line) => [line.conversationId, line]));
    expect(lines.get(between(world.ann.userId, bob.userId))).toMatchObject({
      title: 'Bob 鲍勃',
      avatarUrl,
      peer: { userId: bob.userId, nickname: 'Bob 鲍勃', avatarUrl, deliveredSeq: 0, readSeq: 0 },
    });
    expect(lines.get(between(world.ann.userId, nameless.userId))).toMatchObject({ title: nameless.userId });
    expect(lines.get(conversationId)).toMatchObject({
      title: 'Rowing club',
      group: { groupId, name: 'Rowing club', visibility: 'public', memberCount: 2 },
    });
    expect(lines.get(`system:${world.ann.userId}`)).not.toHaveProperty('title');
    // The same through the socket, and as it is now, not as it was.
    await ok(world.app.api.patch(`/v1/users/${bob.userId}`, { nickname: 'Robert' }));
    await ok(world.app.api.patch(`/v1/groups/${groupId}`, { name: 'Rowing' }));
    const { conversations } = await world.ann.device.tell('sync', { userSeq: 0, conversations: [] });
    expect(conversations.map(({ title }) => title)).toEqual(expect.arrayContaining(['Robert', 'Rowing']));
  });

  it('show one kind where one is asked for, page after page', async () => {
    const bob = await aConnectedUser(world.app);
    const users = await Promise.all([aUser(world.app), aUser(world.app), aUser(world.app)]);
    for (const { userId } of users) await say(userId, bob.userId);
    const groups = [await aGroup(world.app, [world.ann, bob]), await aGroup(world.app, [world.ann, bob])];
    const ids = (lines: readonly WireConversation[]) => lines.map(({ conversationId }) => conversationId).sort();
    expect(ids(await list(bob.api, '?kind=group'))).toEqual(groups.map(({ conversationId }) => conversationId).sort());
    expect(await list(bob.api, '?kind=system')).toEqual([]);
    const direct: WireConversation[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: { items: WireConversation[]; nextCursor?: string } = await ok(
        bob.api.get(`/v1/conversations?kind=user&limit=2${next}`),
      );
      direct.push(...page.items);
      next = page.nextCursor && `&cursor=${page.nextCursor}`;
    }
    expect(ids(direct)).toEqual(users.map(({ userId }) => between(userId, bob.userId)).sort());
    expect(codeOf(await bob.api.get('/v1/conversations?kind=topic'))).toEqual([400, 'INVALID_REQUEST']);
    bob.device.close();
  });

  it('answer the app’s server for any user, and a user for nobody but themselves', async () => {
    const bob = await aConnectedUser(world.app);
    await say(world.ann.userId, bob.userId);
    const own = await list(bob.api);
    const seen = await ok<{ items: WireConversation[] }>(world.app.api.get(`/v1/users/${bob.userId}/conversations`));
    expect(seen.items).toEqual(own);
    expect(await ok(bob.api.get(`/v1/users/${bob.userId}/conversations`))).toEqual(seen);
    for (const path of ['conversations', 'unread']) {
      expect(codeOf(await bob.api.get(`/v1/users/${world.ann.userId}/${path}`))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await world.app.api.get(`/v1/users/nobody-here/${path}`))).toEqual([404, 'USER_NOT_FOUND']);
    }
    bob.device.close();
  });

  it('say how much is unread, muted conversations apart, as the lines do', async () => {
    const bob = await aConnectedUser(world.app);
    const { groupId, conversationId } = await aGroup(world.app, [world.ann, bob]);
    const other = await aUser(world.app);
    for (const text of ['one', 'two', 'three']) await say(world.ann.userId, bob.userId, text);
    await say(other.userId, bob.userId);
    await sayInGroup(world.ann.userId, groupId);
    await sayInGroup(world.ann.userId, groupId);
    const unread = (): Promise<Unread> => ok<Unread>(world.app.api.get(`/v1/users/${bob.userId}/unread`));
    expect(await unread()).toEqual({ unread: 6, mutedUnread: 0, conversations: 3 });
    await ok(bob.api.patch(`/v1/conversations/${conversationId}`, { muted: true }));
    expect(await unread()).toEqual({ unread: 4, mutedUnread: 2, conversations: 3 });
    await ok(bob.api.put(`/v1/conversations/${between(world.ann.userId, bob.userId)}/read`, { seq: 2 }));
    await ok(bob.api.put(`/v1/conversations/${between(other.userId, bob.userId)}/read`, { seq: 1 }));
    expect(await ok(bob.api.get(`/v1/users/${bob.userId}/unread`))).toEqual({
      unread: 1,
      mutedUnread: 2,
      conversations: 2,
    });
    const lines = await list(bob.api);
    const sum = (muted: boolean) =>
      lines.filter((line) => line.muted === muted).reduce((total, line) => total + line.unread, 0);
    expect([sum(false), sum(true)]).toEqual([1, 2]);
    bob.device.close();
  });

  it('show the app’s server all conversations of its app and of no other, each once', async () => {
    const own = await anApp(world.parley);
    const [bob, carol, dave] = [await aUser(own), await aUser(own), await aUser(own)];
    for (const [from, to] of [
      [bob, carol],
      [carol, dave],
      [dave, bob],
    ])
      await ok(own.api.post('/v1/messages', { ...aText(to.userId, 'hello'), from: from.userId }));
    await ok(own.api.post('/v1/messages', aText(bob.userId, 'from the app')));
    const { conversationId } = await aGroup(own, [bob, carol], { name: 'Ours' });
    const { chatroomId } = await ok(own.api.post('/v1/chatrooms', { name: 'Hall' }));
    const to = { kind: 'chatroom', id: String(chatroomId) };
    await ok(own.api.post('/v1/messages', { ...aText('', 'said'), to, from: bob.userId }));

    const all: AppConversation[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: { items: AppConversation[]; nextCursor?: string } = await ok(
        own.api.get(`/v1/conversations?limit=2${next}`),
      );
      all.push(...page.items);
      next = page.nextCursor && `&cursor=${page.nextCursor}`;
    }
    const direct = [
      between(bob.userId, carol.userId),
      between(carol.userId, dave.userId),
      between(dave.userId, bob.userId),
    ];
    expect(all.map((line) => line.conversationId).sort()).toEqual(
      [...direct, `system:${bob.userId}`, conversationId, `chatroom:${String(chatroomId)}`].sort(),
    );
    expect(all.find((line) => line.conversationId === conversationId)).toMatchObject({
      title: 'Ours',
      lastMessage: { type: 'notice' },
      group: { name: 'Ours' },
    });
    const rooms = await ok<{ items: AppConversation[] }>(own.api.get('/v1/conversations?kind=chatroom'));
    expect(rooms.items).toMatchObject([{ title: 'Hall', maxSeq: 1, lastMessage: { body: { text: 'said' } } }]);
  });
});
