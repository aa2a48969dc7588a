import { aChatroom, aGroup } from '../support/builders';
import type { Answer } from '../support/http';
import { aSmallWorld } from '../support/small-world';

/** What a developer reads who has nothing but the answer: which field, and what to write there instead. */
describe('a refusal says what to change', () => {
  const world = aSmallWorld();

  const said = ({ status, body }: Answer): string =>
    `${status} ${String(body.error?.field ?? '')}: ${String(body.error?.message ?? '')}`;

  it('for names that show nothing, of groups as of rooms', async () => {
    const blank = '400 name: Must have at least one visible character.';
    for (const name of ['', ' ', '\t\n', '\u3000']) {
      expect(said(await world.ann.api.post('/v1/groups', { name, visibility: 'public' }))).toBe(blank);
      expect(said(await world.app.api.post('/v1/chatrooms', { name }))).toBe(blank);
    }
    const { groupId } = await aGroup(world.app, [world.ann]);
    const { chatroomId } = await aChatroom(world.app);
    expect(said(await world.ann.api.patch(`/v1/groups/${groupId}`, { name: ' ' }))).toBe(blank);
    expect(said(await world.app.api.patch(`/v1/chatrooms/${chatroomId}`, { name: ' ' }))).toBe(blank);
  });

  it('in words, not in patterns', async () => {
    const device = { platform: 'ios', provider: 'apns', token: '0123' };
    const refused = [
      await world.ann.api.get('/v1/conversations?cursor=nonsense'),
      await world.ann.api.put('/v1/devices/phone', { ...device, platform: 'a phone' }),
      await world.ann.api.put('/v1/devices/phone', { ...device, token: 'with spaces' }),
      await world.ann.api.put('/v1/push/settings', { language: 'Chinese!' }),
      await world.ann.api.put('/v1/push/settings', { quietHours: { from: '9:00', to: '10:00' } }),
      await world.ann.api.post('/v1/messages', { to: { kind: 'user', id: 'ü' } }),
      await world.ann.api.post('/v1/messages', { to: { kind: 'user', id: 'bobby' }, clientMessageId: 'short' }),
      await world.app.api.post('/v1/groups', {
        name: 'A group',
        visibility: 'public',
        owner: world.ann.userId,
        members: ['ü'],
      }),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 400));
    for (const answer of refused) expect(said(answer)).not.toContain('^');
    expect(await world.ann.device.ask('typing', { conversationId: 'nonsense' })).toMatchObject({
      error: { field: 'conversationId', message: expect.stringContaining('user:{a}:{b}') },
    });
  });

  it('by the name that the field has in this call', async () => {
    const lost = await world.ann.device.ask('sync', { userSeq: 0, conversations: [], page: 'nonsense' });
    expect(lost).toMatchObject({ error: { code: 'INVALID_REQUEST', field: 'page' } });
    const message = { clientMessageId: 'to-nobody-at-all', type: 'text', body: { text: 'x' } };
    const to = { kind: 'user', id: 'gab' };
    const error = { code: 'USER_NOT_FOUND', field: 'to.id' };
    expect(await world.ann.api.post('/v1/messages', { ...message, to })).toMatchObject({
      status: 404,
      body: { error },
    });
    expect(await world.app.api.post('/v1/messages', { ...message, to })).toMatchObject({
      status: 404,
      body: { error },
    });
  });

  it('where a group is full, that it is the group and not the plan', async () => {
    const wanted = { name: 'Two', visibility: 'public', maxMembers: 1, members: ['bobby'] };
    const { body } = await world.ann.api.post('/v1/groups', wanted);
    expect(body.error).toMatchObject({ code: 'GROUP_FULL', details: { limit: 1 } });
    expect(String(body.error?.message)).toContain('The group is full');
  });

  it('to who may not: for whom the call is, and to a developer that it did not say for which app', async () => {
    expect(said(await world.ann.api.get('/v1/users'))).toBe('403 : This call is for the app server.');
    const said403 = said(await world.app.developer.api.get('/v1/users'));
    expect(said403).toBe('403 : This call is for the app server. Say which of your apps you are in X-App-Id.');
    expect(said(await world.app.api.put('/v1/push/settings', {}))).toBe('403 : This call is for users.');
  });

  it('to who types in a room, that typing is not supported there', async () => {
    const { chatroomId, conversationId } = await aChatroom(world.app);
    await world.ann.device.tell('chatroom:join', { chatroomId });
    expect(await world.ann.device.ask('typing', { conversationId })).toMatchObject({
      error: { code: 'INVALID_REQUEST', field: 'conversationId' },
    });
  });
});
