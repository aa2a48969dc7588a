import type { WireConversation } from '../../src/kernel/contracts/conversation';
import type { SendCommand, WireMessage } from '../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Answer } from '../support/http';
import { aText, between, textsOf, whole } from '../support/messages';
import { connect } from '../support/socket';

interface Page {
  items: WireMessage[];
}

/** The acceptance rows about messages between two, through both doors of the whole application. */
describe('messages', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let conversationId: string;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
    conversationId = between(ann.userId, bob.userId);
  });
  afterAll(async () => {
    for (const user of [ann, bob]) user?.device.close();
    await parley?.stop();
  });

  const codeOf = ({ status, body }: Answer): unknown[] => [status, (body.error as unknown as { code: string }).code];
  /** The same refusal through both doors, and nothing stored. */
  async function expectRefused(command: object, status: number, error: object): Promise<void> {
    expect(await ann.api.post('/v1/messages', command)).toMatchObject({ status, body: { error } });
    expect(await ann.device.ask('message:send', command as SendCommand)).toMatchObject({ ok: false, error });
  }
  const history = (api = bob.api, id = conversationId) => ok(api.get<Page>(`/v1/conversations/${id}/messages`));

  it('E40 D4: blank text is refused and nothing is stored', async () => {
    for (const text of ['', '   ', '\n\t\u3000', '\u200b'])
      await expectRefused(aText(bob.userId, text), 400, { code: 'BLANK_MESSAGE', field: 'body.text' });
    expect((await ann.api.get(`/v1/conversations/${conversationId}`)).status).toBe(404);
  });

  it('D4 D6: blank and broken frames are ignored or end their own socket, and the server goes on', async () => {
    const session = await aSession(await aUser(app));
    for (const frame of ['', ' ', '4', '42', '42[]', '42["message:send"', '45-["x"]', 'garbage']) {
      const raw = await connect(parley.url, session.token, { id: 'raw' });
      (raw.socket.io.engine.transport as unknown as { ws: { send: (text: string) => void } }).ws.send(frame);
      raw.close();
    }
    expect((await ann.device.tell('sync:heads', { conversations: [] })).conversations).toEqual([]);
  });

  it('T12 E38: a receiver is exactly one, of a kind that exists, and its fields are the contract’s', async () => {
    const good = aText(bob.userId, 'x');
    for (const [command, field] of [
      [{ ...good, to: undefined }, 'to'],
      [{ ...good, to: {} }, 'to.kind'],
      [{ ...good, to: { kind: 'user' } }, 'to.id'],
      [{ ...good, to: [good.to, good.to] }, 'to'],
      [{ ...good, to: { ...good.to, groupId: 'g' } }, 'to.groupId'],
      [{ ...good, to: { kind: 'robot', id: 'x' } }, 'to.kind'],
      [{ ...good, groupId: 'g' }, 'groupId'],
      [{ ...good, clientMessageId: 'short' }, 'clientMessageId'],
      [{ ...good, type: '' }, 'type'],
      [{ ...good, body: undefined }, 'body'],
      [{ ...good, body: { text: 5 } }, 'body.text'],
      [{ ...good, options: { priority: 'urgent' } }, 'options.priority'],
    ] as const)
      await expectRefused(command, 400, { code: 'INVALID_REQUEST', field });
    await expectRefused({ ...good, to: { kind: 'group', id: bob.userId } }, 404, { code: 'GROUP_NOT_FOUND' });
    await expectRefused({ ...good, to: { kind: 'chatroom', id: bob.userId } }, 404, { code: 'CHATROOM_NOT_FOUND' });
    await expectRefused({ ...good, from: ann.userId }, 403, { code: 'FORBIDDEN' });
  });

  it('an unknown recipient is USER_NOT_FOUND in a fixed app; in an arbitrary one a valid name waits, an invalid one does not exist', async () => {
    const fixed = await anApp(parley, { mode: 'fixed' });
    const user = await aSession(await aUser(fixed));
    expect(codeOf(await user.api.post('/v1/messages', aText('nobody-here', 'x')))).toEqual([404, 'USER_NOT_FOUND']);
    await expectRefused(aText('guest', 'x'), 404, { code: 'USER_NOT_FOUND' });

    await ann.device.tell('message:send', aText('comes-later', 'waiting for you'));
    const late = await aSession({ app, userId: 'comes-later' });
    const [shown] = (await ok(late.api.get<{ items: WireConversation[] }>('/v1/conversations'))).items;
    expect(shown).toMatchObject({ conversationId: between(ann.userId, 'comes-later'), unread: 1 });
    expect(textsOf((await history(late.api, shown.conversationId)).items)).toEqual(['waiting for you']);
  });

  it('T13: every priority is accepted while there is no load; others are refused', async () => {
    for (const priority of ['high', 'normal', 'low'] as const) {
      const command = aText(bob.userId, priority, { options: { priority } });
      const sent = whole(command, await ann.device.tell('message:send', command));
      expect(await bob.device.next('message:new', ({ id }) => id === sent.id)).toEqual(sent);
    }
  });

  it('T14 D7 D10: an online-only message reaches who is there, says whether anybody was, and is stored nowhere', async () => {
    const before = await history();
    const options = { onlineOnly: true };
    const sent = await ann.device.tell('message:send', aText(bob.userId, 'now or never', { options }));
    expect(sent).toMatchObject({ online: true });
    expect(sent).not.toHaveProperty('seq');
    const heard = await bob.device.next('message:new', ({ id }) => id === sent.id);
    expect(heard).toMatchObject({ body: { text: 'now or never' }, from: ann.userId, conversationId });
    expect(heard).not.toHaveProperty('seq');

    const away = await aUser(app);
    const missed = await ann.api.post('/v1/messages', aText(away.userId, 'nobody hears', { options }));
    expect(missed.body).toMatchObject({ online: false });
    const back = await aSession(away);
    expect((await ok(back.api.get('/v1/conversations'))).items).toEqual([]);
    const device = await connect(parley.url, back.token);
    expect((await device.tell('sync', { userSeq: 0, conversations: [] })).messages).toEqual([]);
    expect(device.all('message:new')).toEqual([]);
    expect(await history()).toEqual(before);
    device.close();
  });

  it('Y27 E18: the app server speaks in a user’s name, sends notices, and reads history, with nothing of its own', async () => {
    const asAnn = aText(bob.userId, 'said for ann', { from: ann.userId });
    const sent = await ok(app.api.post<WireMessage>('/v1/messages', asAnn));
    expect(sent).toMatchObject({ from: ann.userId, conversationId });
    for (const { device } of [ann, bob])
      expect(await device.next('message:new', ({ id }) => id === sent.id)).toEqual(sent);
    expect(codeOf(await app.api.post('/v1/messages', aText(bob.userId, 'x', { from: 'nobody-at-all' })))).toEqual([
      404,
      'USER_NOT_FOUND',
    ]);

    const notice = await ok(app.api.post<WireMessage>('/v1/messages', aText(bob.userId, 'a notice')));
    expect(notice).toMatchObject({ from: null, conversationId: `system:${bob.userId}`, seq: 1 });
    expect(await bob.device.next('message:new', ({ id }) => id === notice.id)).toEqual(notice);
    expect((await history(app.api, `system:${bob.userId}`)).items).toEqual([notice]);
    expect(codeOf(await ann.api.get(`/v1/conversations/system:${bob.userId}/messages`))).toEqual([
      404,
      'CONVERSATION_NOT_FOUND',
    ]);
    expect((await history(app.api)).items.map(({ id }) => id)).toContain(sent.id);
  });

  it('E19 E42 E45: the list comes from the server: last message, unread, own settings, latest first', async () => {
    const carol = await aConnectedUser(app);
    await carol.device.tell('message:send', aText(bob.userId, 'from carol'));
    const list = async () => (await ok(bob.api.get<{ items: WireConversation[] }>('/v1/conversations'))).items;
    const [latest] = await list();
    expect(latest).toEqual({
      conversationId: between(carol.userId, bob.userId),
      title: carol.userId,
      lastMessage: expect.objectContaining({ body: { text: 'from carol' }, type: 'text', seq: 1 }),
      maxSeq: 1,
      minSeq: 1,
      readSeq: 0,
      unread: 1,
      muted: false,
      pinned: false,
      peer: { userId: carol.userId, deliveredSeq: 0, readSeq: 0 },
    });
    await ann.device.tell('message:send', aText(bob.userId, 'later'));
    expect((await list())[0].conversationId).toBe(conversationId);

    const path = `/v1/conversations/${latest.conversationId}`;
    const tablet = await connect(parley.url, bob.token);
    expect(await ok(bob.api.patch(path, { muted: true, pinned: true }))).toMatchObject({ muted: true, pinned: true });
    expect(await tablet.next('user:event')).toMatchObject({ kind: 'conversation-changed', data: { muted: true } });
    expect(await ok(bob.api.patch(path, { muted: false }))).toMatchObject({ muted: false, pinned: true });
    expect(await ok(carol.api.get(path))).toMatchObject({ muted: false, pinned: false });
    expect(codeOf(await bob.api.patch(path, { muted: 'yes' }))).toEqual([400, 'INVALID_REQUEST']);
    for (const device of [tablet, carol.device]) device.close();
  });

  it('E43: two who never befriended each other may talk, and one may leave oneself a note that is not unread', async () => {
    const [x, y] = [await aSession(await aUser(app)), await aSession(await aUser(app))];
    expect((await x.api.post('/v1/messages', aText(y.user.userId, 'about your bicycle'))).status).toBe(201);
    const note = await ok(x.api.post<WireMessage>('/v1/messages', aText(x.user.userId, 'buy milk')));
    const shown = await ok(x.api.get<WireConversation>(`/v1/conversations/${note.conversationId}`));
    expect(shown).toMatchObject({ unread: 0, maxSeq: 1 });
  });

  it('what looks like the server’s own is refused of users, and what is the server’s alone of everybody', async () => {
    for (const type of ['notice', 'hidden', 'change']) {
      const command = aText(bob.userId, '', { type, body: { kind: 'dissolved' } });
      await expectRefused(command, 400, { code: 'INVALID_REQUEST', field: 'type' });
      expect((await app.api.post('/v1/messages', command)).status).toBe(type === 'notice' ? 201 : 400);
    }
  });

  it('what is too large is refused by the name of the field, through both doors', async () => {
    const big = (bytes: number) => 'x'.repeat(bytes);
    await expectRefused(aText(bob.userId, big(8193)), 413, { code: 'TOO_LARGE', field: 'body.text' });
    await expectRefused(aText(bob.userId, 'x', { ext: { a: big(4096) } }), 413, { code: 'TOO_LARGE', field: 'ext' });
    const thumbnail = big(32 * 1024 + 1);
    await expectRefused(aText(bob.userId, '', { type: 'image', body: { thumbnail } }), 413, {
      code: 'TOO_LARGE',
      field: 'body.thumbnail',
    });
    const command = aText(bob.userId, big(8192));
    const sent = whole(command, await ann.device.tell('message:send', command));
    // Too large to be pushed: a tip says where to pull.
    expect(await bob.device.next('conversation:tip')).toEqual({ conversationId, maxSeq: sent.seq });
    expect((await history()).items[0]).toEqual(sent);
  });
});
