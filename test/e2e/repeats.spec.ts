import type { SendCommand, SentMessage } from '../../src/kernel/contracts/message';
import { aChatroom, aConnectedUser, aGroup, anApp, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { connect } from '../support/socket';

/** Since then something was decided that would refuse the same send now: the stored message is the answer all the same. */
describe('the repeat of a stored message', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
  });
  afterAll(async () => {
    for (const user of [ann, bob]) user?.device.close();
    await parley?.stop();
  });

  /** Bob sends through both doors, it is decided about him, and he repeats both, through the other doors too. */
  async function expectAnswered(
    command: () => SendCommand,
    decide: () => Promise<unknown>,
    code: string,
  ): Promise<void> {
    const [byRest, bySocket] = [command(), command()];
    const first = await ok(bob.api.post<SentMessage>('/v1/messages', byRest));
    const second = await bob.device.tell('message:send', bySocket);
    await decide();
    for (const [sent, id] of [
      [byRest, first.id],
      [bySocket, second.id],
    ] as const) {
      expect(await bob.api.post('/v1/messages', sent)).toMatchObject({ status: 200, body: { id, duplicate: true } });
      expect(await bob.device.ask('message:send', sent)).toMatchObject({ ok: true, data: { id, duplicate: true } });
    }
    expect(await bob.device.ask('message:send', command())).toMatchObject({ ok: false, error: { code } });
    const other = { ...byRest, body: { text: 'another' } };
    expect(await bob.api.post('/v1/messages', other)).toMatchObject({
      body: { error: { code: 'IDEMPOTENCY_MISMATCH' } },
    });
  }

  it.each<[string, (groupId: string) => Promise<unknown>, string]>([
    ['muted', (groupId) => ok(ann.api.put(`/v1/groups/${groupId}/mutes/${bob.userId}`, {})), 'MUTED'],
    ['muted with all', (groupId) => ok(ann.api.put(`/v1/groups/${groupId}/mute-all`, {})), 'MUTED'],
    ['removed', (groupId) => ok(ann.api.delete(`/v1/groups/${groupId}/members/${bob.userId}`)), 'GROUP_NOT_FOUND'],
    ['banned', (groupId) => ok(ann.api.put(`/v1/groups/${groupId}/bans/${bob.userId}`, {})), 'GROUP_NOT_FOUND'],
    ['dissolved', (groupId) => ok(ann.api.delete(`/v1/groups/${groupId}`)), 'GROUP_NOT_FOUND'],
  ])('in a group is answered after: %s', async (_, decide, code) => {
    const { groupId } = await aGroup(app, [ann, bob]);
    const command = () => ({ ...aText('', 'to all'), to: { kind: 'group' as const, id: groupId } });
    await expectAnswered(command, () => decide(groupId), code);
  });

  it('that was directed to some is answered after they have left', async () => {
    const carol = await aUser(app);
    const { groupId } = await aGroup(app, [ann, bob, carol]);
    const to = { kind: 'group' as const, id: groupId };
    const command = () => ({ ...aText('', 'for you'), to, options: { recipients: [ann.userId, carol.userId] } });
    await expectAnswered(
      command,
      () => ok(ann.api.delete(`/v1/groups/${groupId}/members/${carol.userId}`)),
      'NOT_MEMBER',
    );
    await expectAnswered(
      () => ({ ...command(), options: { recipients: [ann.userId] } }),
      () => ok(app.api.delete(`/v1/groups/${groupId}`)),
      'GROUP_NOT_FOUND',
    );
  });

  it.each<[string, (chatroomId: string) => Promise<unknown>, string]>([
    ['muted', (id) => ok(app.api.put(`/v1/chatrooms/${id}/mutes/${bob.userId}`, {})), 'MUTED'],
    ['slow', (id) => ok(app.api.patch(`/v1/chatrooms/${id}`, { slowModeSeconds: 3600 })), 'RATE_LIMITED'],
    ['removed', (id) => ok(app.api.delete(`/v1/chatrooms/${id}/members/${bob.userId}`)), 'NOT_MEMBER'],
    ['banned', (id) => ok(app.api.put(`/v1/chatrooms/${id}/bans/${bob.userId}`, {})), 'BANNED'],
    ['left', (chatroomId) => bob.device.tell('chatroom:leave', { chatroomId }), 'NOT_MEMBER'],
    ['closed', (id) => ok(app.api.delete(`/v1/chatrooms/${id}`)), 'CHATROOM_NOT_FOUND'],
  ])('in a room is answered after: %s', async (what, decide, code) => {
    const { chatroomId } = await aChatroom(app);
    await bob.device.tell('chatroom:join', { chatroomId });
    const command = () => ({ ...aText('', 'to the room'), to: { kind: 'chatroom' as const, id: chatroomId } });
    const slowed = async () => {
      await decide(chatroomId);
      if (what === 'slow') await bob.device.tell('message:send', command());
    };
    await expectAnswered(command, slowed, code);
  });

  it('is answered after its recipient was deleted', async () => {
    const fixed = await anApp(parley, { mode: 'fixed' });
    const [sender, receiver] = [await aConnectedUser(fixed), await aUser(fixed)];
    const command = aText(receiver.userId, 'hello');
    const { id } = await sender.device.tell('message:send', command);
    await ok(fixed.api.delete(`/v1/users/${receiver.userId}`));
    expect(await sender.device.ask('message:send', command)).toMatchObject({ data: { id, duplicate: true } });
    expect(await sender.api.post('/v1/messages', command)).toMatchObject({ body: { id, duplicate: true } });
    expect(await sender.device.ask('message:send', aText(receiver.userId, 'again'))).toMatchObject({
      error: { code: 'USER_NOT_FOUND' },
    });
    sender.device.close();
  });

  it('is answered to the app’s server after the user in whose name it was sent was deleted, and after a notice’s', async () => {
    const [from, to] = [await aUser(app), await aUser(app)];
    const { groupId } = await aGroup(app, [ann, from]);
    const inName = { ...aText('', 'in its name', { from: from.userId }), to: { kind: 'group' as const, id: groupId } };
    const notice = aText(to.userId, 'a notice');
    const sent = [
      await ok(app.api.post<SentMessage>('/v1/messages', inName)),
      await ok(app.api.post('/v1/messages', notice)),
    ];
    for (const { userId } of [from, to]) await ok(app.api.delete(`/v1/users/${userId}`));
    await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings: { acceptUnknownRecipients: false } }));
    expect(await app.api.post('/v1/messages', inName)).toMatchObject({
      body: { id: sent[0]?.id, from: from.userId, duplicate: true },
    });
    expect(await app.api.post('/v1/messages', notice)).toMatchObject({ body: { id: sent[1]?.id, duplicate: true } });
    await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings: { acceptUnknownRecipients: true } }));
  });

  it('is answered by a node that takes no messages as large, and not where nothing was stored', async () => {
    const strict = await parley.another({ LIMIT_TEXT_BYTES: '16' });
    const there = await connect(strict.url, bob.token, { id: 'there' });
    const command = aText(ann.userId, 'far too much for the other node');
    const { id } = await bob.device.tell('message:send', command);
    expect(await there.ask('message:send', command)).toMatchObject({ data: { id, duplicate: true } });
    expect(await strict.api.as({ bearer: bob.token }).post('/v1/messages', command)).toMatchObject({
      status: 200,
      body: { id, duplicate: true, body: command.body },
    });
    expect(await there.ask('message:send', aText(ann.userId, 'far too much for any node'))).toMatchObject({
      error: { code: 'TOO_LARGE', field: 'body.text' },
    });
    there.close();
    await strict.stop();
  });
});
