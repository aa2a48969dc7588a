import { Housekeeping } from '../../../src/platform/queues/housekeeping';
import { aChatroom, aConnectedUser, anApp, aSession, type ConnectedUser, type TestApp } from '../../support/builders';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { codeOf, received, membersOf, errorCodeOf, textsOf, toRoom } from '../../support/rooms';
import { connect } from '../../support/socket';

describe('the rules of chatrooms', () => {
  let parley: Parley;
  let other: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley({ LIMIT_ROOM_SENDS_PER_SECOND: '40' });
    other = await parley.another();
    app = await anApp(parley);
    [ann, bob] = await Promise.all([aConnectedUser(app), aConnectedUser(app, { at: other })]);
  });
  afterAll(async () => {
    for (const { device } of [ann, bob]) device.close();
    await other.stop();
    await parley.stop();
  });
  const tidyUp = () => parley.app.get(Housekeeping, { strict: false }).handle();

  it('T13: above a room’s rate low messages are refused first, then normal ones; high and the app’s own pass', async () => {
    const { chatroomId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId });
    const send = (priority: 'high' | 'normal' | 'low', text: string) =>
      ann.device.ask('message:send', toRoom(chatroomId, text, { options: { priority } }));
    const accepted: string[] = [];
    const untilBusy = async (priority: 'normal' | 'low'): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        const texts = Array.from({ length: 30 }, (_, n) => `${priority} ${round}-${n}`);
        const acks = await Promise.all(texts.map((text) => send(priority, text)));
        acks.forEach((ack, n) => ack.ok && accepted.push(String(texts[n])));
        const refused = acks.flatMap((ack) => (ack.ok ? [] : [ack.error]));
        if (refused.length === 0) continue;
        for (const error of refused) {
          expect(error).toMatchObject({ code: 'ROOM_BUSY', retryAfterMs: expect.any(Number) });
        }
        return;
      }
      throw new Error('the room was never busy');
    };
    await untilBusy('low');
    expect((await send('normal', 'after low')).ok).toBe(true);
    await untilBusy('normal');
    expect((await send('high', 'high')).ok).toBe(true);
    await ok(app.api.post('/v1/messages', toRoom(chatroomId, 'from the app')));

    const stored = (
      await parley.sql.rows<{ body: string }>(
        `SELECT m.body FROM messages m JOIN conversations c ON c.id = m.conversationPk JOIN chatrooms r ON r.id = c.lowPk
        WHERE c.kind = 3 AND r.chatroomId = ? ORDER BY m.seq`,
        [chatroomId],
      )
    ).map(({ body }) => (JSON.parse(body) as { text: string }).text);
    expect(stored.slice(-2)).toEqual(['high', 'from the app']);
    expect([...stored].sort()).toEqual([...accepted, 'after low', 'high', 'from the app'].sort());
  });

  it('slow mode limits a user on every node, but not the room’s admins', async () => {
    const { chatroomId } = await aChatroom(app, { slowModeSeconds: 3600, admins: [ann.userId] });
    const bobs = await connect(parley.url, bob.token, { id: 'second', platform: 'ios' });
    await bob.device.tell('chatroom:join', { chatroomId });
    await bobs.tell('chatroom:join', { chatroomId });
    await ann.device.tell('chatroom:join', { chatroomId });
    const first = toRoom(chatroomId, 'one');
    const sent = await bob.device.tell('message:send', first);
    for (const device of [bob.device, bobs]) {
      expect(await device.ask('message:send', toRoom(chatroomId, 'two'))).toMatchObject({
        ok: false,
        error: {
          code: 'RATE_LIMITED',
          retryAfterMs: expect.any(Number),
          details: { budget: 'slowMode', slowModeSeconds: 3600 },
        },
      });
    }
    for (let n = 0; n < 3; n++) await ann.device.tell('message:send', toRoom(chatroomId, `admin ${n}`));
    await ok(app.api.patch(`/v1/chatrooms/${chatroomId}`, { slowModeSeconds: 0 }));
    expect(await bob.device.tell('message:send', first)).toMatchObject({ seq: sent.seq, duplicate: true });
    await bobs.tell('message:send', toRoom(chatroomId, 'two'));
    bobs.close();
  });

  it('attributes are stored, announced, and removed with their owner when they are autoDelete', async () => {
    const { chatroomId } = await aChatroom(app, { admins: [ann.userId] });
    const room = `/v1/chatrooms/${chatroomId}`;
    await ann.device.tell('chatroom:join', { chatroomId });
    await bob.device.tell('chatroom:join', { chatroomId });
    expect(codeOf(await bob.api.put(`${room}/attributes/seat-1`, { value: 'bob' }))).toEqual([403, 'FORBIDDEN']);
    await ok(app.api.patch(room, { membersMaySetAttributes: true }));
    expect(await ok(bob.api.put(`${room}/attributes/seat-1`, { value: 'bob', autoDelete: true }))).toEqual({
      key: 'seat-1',
      value: 'bob',
      owner: bob.userId,
      autoDelete: true,
    });
    await ok(app.api.put(`${room}/attributes/stage`, { value: 'light' }));
    expect(codeOf(await bob.api.put(`${room}/attributes/stage`, { value: 'dark' }))).toEqual([403, 'FORBIDDEN']);
    await ok(ann.api.put(`${room}/attributes/stage`, { value: 'dark' }));
    const changed = await ann.device.next(
      'chatroom:event',
      ({ kind, set }) => kind === 'attributes-changed' && (set as { stage?: string })?.stage === 'dark',
    );
    expect(changed).toMatchObject({ chatroomId, by: ann.userId, set: { stage: 'dark' } });
    const late = await aConnectedUser(app, { at: other });
    expect(await late.device.tell('chatroom:join', { chatroomId })).toMatchObject({
      attributes: { 'seat-1': 'bob', stage: 'dark' },
    });
    expect(codeOf(await bob.api.put(`${room}/attributes/long`, { value: '長'.repeat(2000) }))).toEqual([
      413,
      'TOO_LARGE',
    ]);

    await bob.device.tell('chatroom:leave', { chatroomId });
    await ann.device.next(
      'chatroom:event',
      ({ removed }) => (removed as string[] | undefined)?.includes('seat-1') === true,
    );
    expect((await ok<{ items: { key: string }[] }>(late.api.get(`${room}/attributes`))).items).toMatchObject([
      { key: 'stage', value: 'dark' },
    ]);
    expect(codeOf(await bob.api.get(`${room}/attributes`))).toEqual([403, 'NOT_MEMBER']);
    late.device.close();
  });

  it('a broadcast goes once to every room of the app and reaches its members', async () => {
    const own = await anApp(parley);
    const rooms = await Promise.all(Array.from({ length: 3 }, () => aChatroom(own)));
    const eve = await aConnectedUser(own, { at: other });
    for (const { chatroomId } of rooms) await eve.device.tell('chatroom:join', { chatroomId });
    const all = { clientMessageId: 'to-every-room-of-the-app', type: 'text', body: { text: 'To all' } };
    for (let n = 0; n < 2; n++)
      expect(await ok(own.api.post('/v1/chatroom-broadcasts', all))).toEqual({ chatrooms: 3 });
    for (const { conversationId } of rooms) {
      await received(eve, conversationId, 'To all');
      expect(textsOf(eve.device, conversationId)).toEqual(['To all']);
    }
    expect(codeOf(await eve.api.post('/v1/chatroom-broadcasts', all))).toEqual([403, 'FORBIDDEN']);
    eve.device.close();
  });

  it('while distribution is stopped messages are stored but not delivered; then members are told to pull', async () => {
    const { chatroomId, conversationId } = await aChatroom(app);
    for (const { device } of [ann, bob]) await device.tell('chatroom:join', { chatroomId });
    await ok(app.api.put(`/v1/chatrooms/${chatroomId}/distribution-stop`));
    const held = await ann.device.tell('message:send', toRoom(chatroomId, 'held back'));
    await ok(app.api.delete(`/v1/chatrooms/${chatroomId}/distribution-stop`));
    await bob.device.next(
      'conversation:tip',
      (tip) => tip.conversationId === conversationId && tip.maxSeq === held.seq,
    );
    const { items } = await bob.device.tell('conversation:pull', { conversationId, after: 0 });
    expect(items.map(({ seq }) => seq)).toEqual([held.seq]);
    await ann.device.tell('message:send', toRoom(chatroomId, 'heard again'));
    await received(bob, conversationId, 'heard again');
    expect(textsOf(bob.device, conversationId)).toEqual(['heard again']);
  });

  it('R4 T8: a join creates the room when the app allows it; otherwise the room is not found', async () => {
    expect(errorCodeOf(await ann.device.ask('chatroom:join', { chatroomId: 'made-by-joining' }))).toBe(
      'CHATROOM_NOT_FOUND',
    );
    const own = await anApp(parley, { settings: { joinCreates: true } });
    const users = await Promise.all([aConnectedUser(own), aConnectedUser(own, { at: other })]);
    await Promise.all(users.map(({ device }) => device.tell('chatroom:join', { chatroomId: 'made-by-joining' })));
    await users[0].device.tell('message:send', toRoom('made-by-joining', 'Here'));
    await received(users[1], 'chatroom:made-by-joining', 'Here');
    expect(codeOf(await users[0].api.post('/v1/chatrooms', { name: 'No' }))).toEqual([403, 'FORBIDDEN']);
    for (const { device } of users) device.close();
  });

  it('a full room admits no new member, but members may join with another device', async () => {
    const { chatroomId } = await aChatroom(app, { maxMembers: 1 });
    await bob.device.tell('chatroom:join', { chatroomId });
    await eventually('it is known here', async () => (await membersOf(app, chatroomId)).length === 1);
    expect(await ann.device.ask('chatroom:join', { chatroomId })).toMatchObject({
      ok: false,
      error: { code: 'CHATROOM_FULL', details: { limit: 1 } },
    });
    const second = await connect(parley.url, bob.token, { id: 'second', platform: 'ios' });
    expect(await second.tell('chatroom:join', { chatroomId })).toMatchObject({ memberCount: 1 });
    second.close();
  });

  it('a socket resumes its visit, unless its user was removed or the room was closed meanwhile', async () => {
    const own = await anApp(parley, { settings: { joinCreates: true } });
    const eve = await aConnectedUser(own);
    const { chatroomId } = await aChatroom(own);
    const comesBack = (visit: number) => eve.device.ask('chatroom:join', { chatroomId, history: 0, visit });
    const { visit } = await eve.device.tell('chatroom:join', { chatroomId });
    await eve.device.tell('chatroom:leave', { chatroomId });
    expect(await comesBack(visit)).toMatchObject({ ok: true, data: { chatroomId } });

    await ok(own.api.delete(`/v1/chatrooms/${chatroomId}/members/${eve.userId}`));
    expect(errorCodeOf(await comesBack(visit))).toBe('NOT_MEMBER');
    const anew = await eve.device.tell('chatroom:join', { chatroomId });
    expect(errorCodeOf(await comesBack(visit))).toBe('NOT_MEMBER');
    expect(await comesBack(anew.visit)).toMatchObject({ ok: true });

    await ok(own.api.put(`/v1/chatrooms/${chatroomId}/bans/${eve.userId}`, {}));
    expect(errorCodeOf(await comesBack(anew.visit))).toBe('BANNED');
    await ok(own.api.delete(`/v1/chatrooms/${chatroomId}/bans/${eve.userId}`));
    expect(errorCodeOf(await comesBack(anew.visit))).toBe('NOT_MEMBER');
    const last = await eve.device.tell('chatroom:join', { chatroomId });

    await ok(own.api.delete(`/v1/chatrooms/${chatroomId}`));
    expect(errorCodeOf(await comesBack(last.visit))).toBe('CHATROOM_NOT_FOUND');
    expect(codeOf(await own.api.get(`/v1/chatrooms/${chatroomId}`))[0]).toBe(404);
    await ok(own.api.post('/v1/chatrooms', { chatroomId, name: 'Anew' }));
    expect(errorCodeOf(await comesBack(last.visit))).toBe('NOT_MEMBER');
    eve.device.close();
  });

  it('online-only messages are delivered on every node and stored nowhere', async () => {
    const { chatroomId, conversationId } = await aChatroom(app);
    for (const { device } of [ann, bob]) await device.tell('chatroom:join', { chatroomId });
    const sent = await ann.device.tell('message:send', toRoom(chatroomId, 'a wave', { options: { onlineOnly: true } }));
    expect(sent.seq).toBeUndefined();
    expect((await received(bob, conversationId, 'a wave')).id).toBe(sent.id);
    expect((await ok(app.api.get(`/v1/chatrooms/${chatroomId}/messages`))).items).toEqual([]);
    expect(
      errorCodeOf(
        await (
          await aConnectedUser(app)
        ).device.ask('message:send', toRoom(chatroomId, 'x', { options: { onlineOnly: true } })),
      ),
    ).toBe('NOT_MEMBER');
  });

  it('Y30: a client that reads batches receives the same messages, once and in order', async () => {
    const { chatroomId } = await aChatroom(app);
    const eve = await aConnectedUser(app, { features: ['batch'] });
    await eve.device.tell('chatroom:join', { chatroomId });
    await ann.device.tell('chatroom:join', { chatroomId });
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => ann.device.tell('message:send', toRoom(chatroomId, `${n}`))),
    );
    const seqs = () =>
      eve.device.heard.flatMap(({ event, data }) =>
        event === 'message:new'
          ? [(data as { seq: number }).seq]
          : event === 'message:batch'
            ? (data as { messages: { seq: number }[] }).messages.map(({ seq }) => seq)
            : [],
      );
    await eventually('all are heard', () => seqs().length >= 30);
    expect(seqs()).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    eve.device.close();
  });

  it('an idle room is closed after the time that its app sets; rooms with keepAlive or with members stay', async () => {
    const own = await anApp(parley, { settings: { chatroomIdleMinutes: 1, chatroomHistoryDays: 2 } });
    const [idle, kept, lived] = await Promise.all([
      aChatroom(own),
      aChatroom(own, { keepAlive: true }),
      aChatroom(own),
    ]);
    const eve = await aConnectedUser(own, { at: other });
    await eve.device.tell('chatroom:join', { chatroomId: lived.chatroomId });
    for (const text of ['old', 'older']) await eve.device.tell('message:send', toRoom(lived.chatroomId, text));
    await parley.sql.run(
      `UPDATE messages m JOIN conversations c ON c.id = m.conversationPk JOIN chatrooms r ON r.id = c.lowPk
          SET m.sentAt = DATE_SUB(NOW(3), INTERVAL 3 DAY) WHERE c.kind = 3 AND r.chatroomId = ?`,
      [lived.chatroomId],
    );
    await eve.device.tell('message:send', toRoom(lived.chatroomId, 'new'));
    await parley.sql.run(
      'UPDATE chatrooms SET activeAt = DATE_SUB(NOW(3), INTERVAL 2 MINUTE) WHERE chatroomId IN (?)',
      [[idle.chatroomId, kept.chatroomId, lived.chatroomId]],
    );
    await tidyUp();
    const { items } = await ok<{ items: { chatroomId: string }[] }>(own.api.get('/v1/chatrooms'));
    expect(items.map(({ chatroomId }) => chatroomId).sort()).toEqual([kept.chatroomId, lived.chatroomId].sort());
    const page = await ok<{ items: { body: { text: string } }[] }>(
      own.api.get(`/v1/chatrooms/${lived.chatroomId}/messages`),
    );
    expect(page.items.map(({ body }) => body.text)).toEqual(['new']);
    eve.device.close();
  });

  it('R1 R2: a token issued by the app server joins at once, in many rooms', async () => {
    const rooms = await Promise.all(Array.from({ length: 5 }, () => aChatroom(app)));
    const session = await aSession({ app, userId: ann.userId }, other);
    const device = await connect(other.url, session.token, { id: 'another' });
    for (const { chatroomId } of rooms) await device.tell('chatroom:join', { chatroomId });
    for (const { chatroomId, conversationId } of rooms) {
      await ok(app.api.post('/v1/messages', toRoom(chatroomId, `to ${chatroomId}`)));
      await received({ device }, conversationId, `to ${chatroomId}`);
    }
    device.close();
  });
});
