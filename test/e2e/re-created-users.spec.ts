import { randomInt, randomUUID } from 'node:crypto';
import type { WireConversation } from '../../src/kernel/contracts/conversation';
import type { SendAck, SentMessage, WireMessage } from '../../src/kernel/contracts/message';
import { aGroup, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between, textsOf, upTo } from '../support/messages';
import { connect } from '../support/socket';

interface Page {
  items: WireMessage[];
}

describe('a user who is deleted and re-created under the same id', () => {
  let parley: Parley;
  let elsewhere: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    elsewhere = await parley.another();
    app = await anApp(parley, { settings: { acceptUnknownRecipients: true } });
  });
  afterAll(async () => {
    await elsewhere?.stop();
    await parley?.stop();
  });

  const nodes = () => [parley, elsewhere];
  async function born(userId: string, at = parley): Promise<ConnectedUser> {
    const session = await aSession(await aUser(app, { userId }), at);
    return { ...session, userId, device: await connect(at.url, session.token, { id: 'phone' }) };
  }
  const die = ({ userId, device }: ConnectedUser) => {
    device.close();
    return ok(app.api.delete(`/v1/users/${userId}`));
  };
  const nameOf = () => `name-${randomUUID().slice(0, 8)}`;
  const history = async ({ api }: Pick<ConnectedUser, 'api'>, id: string) =>
    (await ok(api.get<Page>(`/v1/conversations/${id}/messages?after=0&limit=100`))).items;
  const listed = async ({ api }: ConnectedUser, id: string) =>
    (await ok(api.get<{ items: WireConversation[] }>('/v1/conversations'))).items.find(
      (one) => one.conversationId === id,
    );

  it('goes on above the old head: those who knew the log hear what is new, and the new user sees nothing old', async () => {
    const [ann, first] = [await born(nameOf()), await born(nameOf())];
    const id = between(ann.userId, first.userId);
    for (const n of upTo(3)) await ann.device.tell('message:send', aText(first.userId, `old ${n}`));
    await first.device.tell('message:send', aText(ann.userId, 'old 4'));
    await first.device.tell('conversation:read', { conversationId: id, seq: 2 });
    await die(first);
    const bob = await born(first.userId, elsewhere);

    // Before anything is said to the new one, the log is the other's alone.
    expect(textsOf(await history(ann, id))).toEqual(['old 1', 'old 2', 'old 3', 'old 4']);
    expect(await listed(ann, id)).toMatchObject({ maxSeq: 4, unread: 1, peer: { readSeq: 2 } });
    expect((await bob.api.get(`/v1/conversations/${id}/messages`)).status).toBe(404);
    expect(await listed(bob, id)).toBeUndefined();

    const sent = await ann.device.tell('message:send', aText(bob.userId, 'new 5'));
    expect(sent).toMatchObject({ seq: 5, conversationId: id });
    expect(await bob.device.next('message:new')).toMatchObject({ seq: 5, body: { text: 'new 5' } });
    const back = await bob.device.tell('message:send', aText(ann.userId, 'new 6'));
    expect(await ann.device.next('message:new', ({ seq }) => seq === 6)).toMatchObject({ id: back.id });

    expect(textsOf(await history(bob, id))).toEqual(['new 5', 'new 6']);
    expect(textsOf(await history(ann, id)).slice(3)).toEqual(['old 4', 'new 5', 'new 6']);
    expect(await listed(bob, id)).toMatchObject({ minSeq: 5, maxSeq: 6, unread: 1, readSeq: 4 });
    // What the predecessor had not read nobody has read.
    expect(await listed(ann, id)).toMatchObject({ minSeq: 1, maxSeq: 6, unread: 2, peer: { readSeq: 2 } });
    // A device of the old user's comes with what it held; a fresh one with nothing.
    for (const have of [4, 0]) {
      const { messages = [] } = await bob.device.tell('sync', { userSeq: 0, conversations: [[id, have]] });
      expect(messages.map(({ seq }) => seq).filter((seq = 0) => seq < 5)).toEqual([]);
    }
    // It can act on nothing below.
    expect(await bob.device.tell('conversation:read', { conversationId: id, seq: 3 })).toEqual({
      readSeq: 4,
      unread: 1,
    });
    expect(await bob.device.tell('conversation:read', { conversationId: id, seq: 5 })).toEqual({
      readSeq: 5,
      unread: 0,
    });
    for (const user of [ann, bob]) user.device.close();
  });

  it('is another sender: the old token repeats nothing, and what the new user sends under an old id is its own', async () => {
    const [ann, first] = [await born(nameOf()), await born(nameOf())];
    const id = between(ann.userId, first.userId);
    const command = aText(ann.userId, 'said once');
    await first.device.tell('message:send', command);
    await die(first);
    const bob = await born(first.userId, elsewhere);
    expect(await first.api.post('/v1/messages', command)).toMatchObject({
      status: 401,
      body: { error: { code: 'TOKEN_REVOKED' } },
    });
    await expect(connect(parley.url, first.token, { id: 'phone' })).rejects.toMatchObject({
      error: { code: 'TOKEN_REVOKED' },
    });
    expect(textsOf(await history(ann, id))).toEqual(['said once']);

    const sent = await bob.device.tell('message:send', command);
    expect(sent).toMatchObject({ seq: 2 });
    expect(sent).not.toHaveProperty('duplicate');
    expect(await bob.api.post('/v1/messages', command)).toMatchObject({ body: { seq: 2, duplicate: true } });
    const other = { ...command, body: { text: 'something else' } };
    expect(await bob.device.ask('message:send', other)).toMatchObject({ error: { code: 'IDEMPOTENCY_MISMATCH' } });
    expect(textsOf(await history(ann, id))).toEqual(['said once', 'said once']);
    for (const user of [ann, bob]) user.device.close();
  });

  it('does not double what the app’s server repeats in its name', async () => {
    const [ann, first] = [await born(nameOf()), await born(nameOf())];
    const { groupId } = await aGroup(app, [ann]);
    const commands = [
      aText(ann.userId, 'to her', { from: first.userId }),
      { ...aText('', 'to all', { from: first.userId }), to: { kind: 'group' as const, id: groupId } },
    ];
    const send = (command: unknown, at = parley) =>
      at.api.as(app.credential).post<SentMessage>('/v1/messages', command);
    const stored: SentMessage[] = [];
    for (const command of commands) stored.push(await ok(send(command)));
    let holder = first;
    for (const at of [elsewhere, parley]) {
      await die(holder);
      holder = await born(first.userId, at);
      for (const [index, command] of commands.entries()) {
        // At once, and through both nodes.
        const answers = await Promise.all([send(command), send(command), send(command, elsewhere)]);
        for (const { status, body } of answers) {
          expect({ status, body }).toMatchObject({ status: 200, body: { id: stored[index]?.id, duplicate: true } });
        }
      }
    }
    // Whoever held the id used that one for something else.
    const other = { ...commands[0], body: { text: 'something else' } };
    expect(await send(other)).toMatchObject({ status: 201, body: { seq: 2 } });
    expect(await send(other)).toMatchObject({ status: 200, body: { seq: 2, duplicate: true } });
    expect(textsOf(await history(ann, between(ann.userId, first.userId)))).toEqual(['to her', 'something else']);
    expect(textsOf(await history(app, `group:${groupId}`)).filter((text) => text === 'to all')).toHaveLength(1);
    for (const user of [ann, holder]) user.device.close();
  });

  it('is no reason to refuse the repeat of what was said to the predecessor', async () => {
    const [ann, first, carol] = [await born(nameOf()), await born(nameOf()), await born(nameOf())];
    const { groupId } = await aGroup(app, [ann, first, carol]);
    const directed = {
      ...aText('', 'for two of you'),
      to: { kind: 'group' as const, id: groupId },
      options: { recipients: [first.userId, carol.userId] },
    };
    const commands = [aText(first.userId, 'for you'), directed];
    const stored: SendAck[] = [];
    for (const command of commands) stored.push(await ann.device.tell('message:send', command));
    await die(first);
    const bob = await born(first.userId, elsewhere);
    for (const [index, command] of commands.entries()) {
      const answer = { id: stored[index]?.id, duplicate: true };
      expect(await ann.device.ask('message:send', command)).toMatchObject({ ok: true, data: answer });
      expect(await ann.api.post('/v1/messages', command)).toMatchObject({ status: 200, body: answer });
    }
    const fewer = { ...directed, options: { recipients: [first.userId] } };
    expect(await ann.device.ask('message:send', fewer)).toMatchObject({ error: { code: 'IDEMPOTENCY_MISMATCH' } });
    for (const user of [ann, bob, carol]) user.device.close();
  });

  it('keeps the numbers of notices and of its own events rising', async () => {
    const first = await born(nameOf());
    const id = `system:${first.userId}`;
    const notice = (text: string) => ok(app.api.post<SentMessage>('/v1/messages', aText(first.userId, text)));
    for (const n of upTo(3)) expect(await notice(`${n}`)).toMatchObject({ seq: n, conversationId: id });
    await first.device.tell('conversation:read', { conversationId: id, seq: 3 });
    const { userSeq } = await first.device.tell('sync', { userSeq: 0, conversations: [] });
    expect(userSeq).toBeGreaterThan(0);
    await die(first);
    const next = await born(first.userId);
    const heads = await next.device.tell('sync', { userSeq, conversations: [[id, 3]] });
    expect(heads).toMatchObject({ userSeq, userEvents: [], conversations: [] });
    expect(heads).not.toHaveProperty('reset');
    expect(await notice('new')).toMatchObject({ seq: 4 });
    expect(await next.device.next('message:new')).toMatchObject({ seq: 4, body: { text: 'new' } });
    await next.device.tell('conversation:read', { conversationId: id, seq: 4 });
    expect((await next.device.tell('sync', { userSeq, conversations: [[id, 4]] })).userSeq).toBe(userSeq + 1);
    expect(textsOf(await history(next, id))).toEqual(['new']);
    expect(textsOf(await history(app, id))).toEqual(['1', '2', '3', 'new']);
    next.device.close();
  });

  it('of the same name again and again, both sides in any order on two nodes, never gives a number twice', async () => {
    const names = [nameOf(), nameOf()];
    const id = between(names[0] ?? '', names[1] ?? '');
    const users = [await born(names[0] ?? ''), await born(names[1] ?? '', elsewhere)];
    const floors = [0, 0];
    const log: { id: string; from: number }[] = [];
    for (let step = 0; step < 60; step++) {
      const who = randomInt(2);
      const user = users[who];
      if (!user) throw new Error('nobody there');
      if (randomInt(6) === 0) {
        await die(user);
        users[who] = await born(names[who] ?? '', nodes()[randomInt(2)]);
        floors[who] = log.length;
        continue;
      }
      // At once from both, where nobody may have opened the conversation for the new one yet.
      const sends = users.slice(0, 1 + randomInt(2)).map(async (sender, index) => {
        const command = aText(names[1 - index] ?? '', `${step}`);
        const sent = randomInt(2)
          ? await ok(sender.api.post<SentMessage>('/v1/messages', command))
          : await sender.device.tell('message:send', command);
        return { ...sent, index };
      });
      for (const { id: messageId, seq, index } of (await Promise.all(sends)).sort(
        (a, b) => (a.seq ?? 0) - (b.seq ?? 0),
      )) {
        expect(seq).toBe(log.length + 1);
        log.push({ id: messageId, from: index });
      }
      for (const [index, reader] of users.entries()) {
        const floor = floors[index] ?? 0;
        if (log.length === floor) continue;
        const seen = await history(reader, id);
        expect(seen.map((message) => message.id)).toEqual(log.slice(floor).map((message) => message.id));
        const unread = log.slice(floor).filter(({ from }) => from !== index).length;
        expect(await listed(reader, id)).toMatchObject({ maxSeq: log.length, minSeq: floor + 1, unread });
      }
    }
    expect((await history(app, id)).map((message) => message.id)).toEqual(
      log.map((message) => message.id).slice(0, 100),
    );
    for (const { device } of users) device.close();
  }, 120_000);
});
