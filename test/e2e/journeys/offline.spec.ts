import type { WireConversation } from '../../../src/kernel/contracts/conversation';
import type { WireMessage } from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText, between, textsOf, upTo } from '../../support/messages';
import { connect, type Device } from '../../support/socket';

interface History {
  items: WireMessage[];
  nextCursor?: string;
}
interface List {
  items: WireConversation[];
  nextCursor?: string;
}

describe('a user who was away', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  let device: Device;
  let conversationId: string;

  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob, carol] = [await aConnectedUser(app), await aConnectedUser(app), await aConnectedUser(app)];
    conversationId = between(ann.userId, bob.userId);
  });
  afterAll(async () => {
    for (const one of [ann?.device, bob?.device, carol?.device, device]) one?.close();
    await parley?.stop();
  });

  it('Y21 E24 E33 D5 D13: returns, and sync with its pulls gives what was said meanwhile: all, once, in order', async () => {
    for (const n of [1, 2]) await ann.device.tell('message:send', aText(bob.userId, `a${n}`));
    await bob.device.next('message:new', ({ seq }) => seq === 2);
    const { userSeq, storeEpoch } = await bob.device.tell('sync:heads', { conversations: [[conversationId, 2]] });
    bob.device.close();

    for (const n of upTo(60).slice(2)) await ok(ann.api.post('/v1/messages', aText(bob.userId, `a${n}`)));
    for (const n of upTo(3)) await carol.device.tell('message:send', aText(bob.userId, `c${n}`));

    device = await connect(parley.url, bob.token);
    const held: [string, number][] = [[conversationId, 2]];
    const reply = await device.tell('sync', { userSeq, storeEpoch, conversations: held });
    expect(reply).toMatchObject({ userSeq, storeEpoch, userEvents: [] });
    expect(reply.reset).toBeUndefined();
    const ofCarol = between(carol.userId, bob.userId);
    expect(reply.conversations.map((one) => [one.conversationId, one.maxSeq, one.unread, one.readSeq]).sort()).toEqual(
      [[conversationId, 60, 60, 0] as const, [ofCarol, 3, 3, 0] as const].sort(),
    );
    for (const { lastMessage, maxSeq } of reply.conversations) expect(lastMessage?.seq).toBe(maxSeq);

    const inline = (reply.messages ?? []).filter((message) => message.conversationId === conversationId);
    expect(inline[0]?.seq).toBe(3);
    const caughtUp = [...inline];
    for (;;) {
      const { items } = await device.tell('conversation:pull', {
        conversationId,
        after: caughtUp.at(-1)?.seq,
        limit: 15,
      });
      if (items.length === 0) break;
      caughtUp.push(...items);
    }
    expect(textsOf(caughtUp)).toEqual(
      upTo(60)
        .slice(2)
        .map((n) => `a${n}`),
    );
    expect(textsOf((reply.messages ?? []).filter((one) => one.conversationId === ofCarol))).toEqual(['c1', 'c2', 'c3']);
    const heads = (seq: number) =>
      device.tell('sync:heads', {
        conversations: [
          [conversationId, seq],
          [ofCarol, 3],
        ],
      });
    expect(await heads(59)).toEqual({ userSeq, storeEpoch, conversations: [[conversationId, 60]] });
    expect((await heads(60)).conversations).toEqual([]);
    expect(device.all('message:new')).toEqual([]);
  });

  it('sync comes in pages of a stable order where there are many conversations, each in exactly one', async () => {
    const dave = await aConnectedUser(app);
    const names = upTo(230).map((n) => `crowd-${n}`);
    for (let at = 0; at < names.length; at += 100)
      await ok(
        app.api.post(
          '/v1/users',
          names.slice(at, at + 100).map((userId) => ({ userId })),
        ),
      );
    const send = (from: string) => ok(app.api.post('/v1/messages', aText(dave.userId, `from ${from}`, { from })));
    await Promise.all(names.map(send));

    const seen: string[] = [];
    const messages: WireMessage[] = [];
    let page: string | undefined;
    do {
      const reply = await dave.device.tell('sync', { userSeq: 0, conversations: [], ...(page && { page }) });
      seen.push(...reply.conversations.map((one) => one.conversationId));
      messages.push(...(reply.messages ?? []));
      // Life goes on between the pages.
      if (!page) await send('crowd-1');
      page = reply.nextPage;
    } while (page);
    expect(seen.sort()).toEqual(names.map((name) => between(name, dave.userId)).sort());
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
    expect(textsOf(messages).sort()).toEqual(names.map((name) => `from ${name}`).sort());

    const listed: WireConversation[] = [];
    let cursor: string | undefined;
    do {
      const path = `/v1/conversations?limit=100${cursor ? `&cursor=${cursor}` : ''}`;
      const list = await ok(dave.api.get<List>(path));
      listed.push(...list.items);
      cursor = list.nextCursor;
    } while (cursor);
    expect(listed.map((one) => one.conversationId).sort()).toEqual(seen);
    expect(listed[0].conversationId).toBe(between('crowd-1', dave.userId));
    const times = listed.map(({ lastMessage }) => lastMessage?.sentAt ?? '');
    expect([...times].sort().reverse()).toEqual(times);
    dave.device.close();
  });

  it('a storeEpoch that is not ours, or events that are gone, reset to a snapshot', async () => {
    const reply = await device.tell('sync', { userSeq: 0, storeEpoch: 'of-another-time', conversations: [] });
    expect(reply).toMatchObject({ reset: 'snapshot', userEvents: [] });
    expect(reply.conversations.map((one) => one.conversationId)).toContain(conversationId);
    expect(reply).not.toHaveProperty('messages');
    expect(await device.tell('sync', { userSeq: 999, conversations: [] })).toMatchObject({ reset: 'snapshot' });
  });

  it('T17 Y27: reads history both ways through both doors, with cursors, from a time, and to its empty end', async () => {
    const path = `/v1/conversations/${conversationId}/messages`;
    const page = async (query: string, api = bob.api) => ok(api.get<History>(`${path}?${query}`));
    const seqs = ({ items }: { items: WireMessage[] }) => items.map(({ seq }) => seq);

    expect(seqs(await page(''))).toEqual(upTo(60).slice(40).reverse());
    expect(seqs(await page('before=4'))).toEqual([3, 2, 1]);
    expect(seqs(await page('after=57'))).toEqual([58, 59, 60]);
    expect(await page('before=1')).toEqual({ items: [] });
    expect(await page('after=60')).toEqual({ items: [] });
    for (const request of [{ before: 4 }, { after: 57 }, { limit: 7 }, { before: 30, limit: 3 }]) {
      const query = new URLSearchParams(Object.entries(request).map(([name, value]) => [name, `${value}`]));
      const pulled = await device.tell('conversation:pull', { conversationId, ...request });
      expect(pulled.items).toEqual((await page(query.toString())).items);
    }
    for (const [first, expected] of [
      ['limit=25', upTo(60).reverse()],
      ['limit=25&after=0', upTo(60)],
    ] as const) {
      const walked: (number | undefined)[] = [];
      for (let next: string | undefined = first; next;) {
        const got: History = await page(next, app.api);
        walked.push(...seqs(got));
        next = got.nextCursor && `limit=25&cursor=${got.nextCursor}`;
      }
      expect(walked).toEqual(expected);
    }
    // D11: from a time on, inclusive.
    const middle = (await page('after=29&limit=1')).items[0];
    const since = await page(`from=${middle.sentAt}&limit=100`);
    expect(since.items[0].sentAt).toBe(middle.sentAt);
    expect(seqs(since)).toEqual(upTo(60).slice((since.items[0].seq ?? 0) - 1));
    expect(await page('from=2999-01-01T00:00:00.000Z')).toEqual({ items: [] });
  });

  it('history and marks do not exist for anybody else, nor does a conversation that nobody opened', async () => {
    const stranger = await aSession(await aUser(app));
    for (const path of [`/v1/conversations/${conversationId}/messages`, `/v1/conversations/${conversationId}`]) {
      for (const api of [stranger.api, carol.api])
        expect(await api.get(path)).toMatchObject({ status: 404, body: { error: { code: 'CONVERSATION_NOT_FOUND' } } });
    }
    const nobodys = between('nobody-one', 'nobody-two');
    for (const event of ['conversation:pull', 'conversation:read', 'message:received', 'typing'] as const) {
      for (const id of [conversationId, nobodys]) {
        const data = { conversationId: id, ...(/read|received/.test(event) && { seq: 1 }) };
        expect(await carol.device.ask(event, data as never)).toMatchObject({
          ok: false,
          error: { code: 'CONVERSATION_NOT_FOUND' },
        });
      }
    }
  });

  it('Y26: marks rise, are capped at the head, are told to the peer and to the own other device, and are in the list', async () => {
    const tablet = await connect(parley.url, bob.token, { platform: 'tablet' });
    await device.tell('message:received', { conversationId, seq: 10 });
    expect(await ann.device.next('receipt', ({ seq }) => seq === 10)).toEqual({
      conversationId,
      userId: bob.userId,
      kind: 'delivered',
      seq: 10,
    });
    expect(await device.tell('conversation:read', { conversationId, seq: 20 })).toEqual({ readSeq: 20, unread: 40 });
    expect(await ann.device.next('receipt', ({ kind }) => kind === 'read')).toMatchObject({
      seq: 20,
      userId: bob.userId,
    });
    expect(await tablet.next('user:event')).toMatchObject({ kind: 'read', data: { conversationId, seq: 20 } });
    expect(device.all('user:event')).toEqual([]);

    expect(await device.tell('conversation:read', { conversationId, seq: 5 })).toEqual({ readSeq: 20, unread: 40 });
    const put = await ok(bob.api.put(`/v1/conversations/${conversationId}/read`, { seq: 4_000_000_000 }));
    expect(put).toEqual({ readSeq: 60, unread: 0 });
    expect(await tablet.next('user:event')).toMatchObject({ data: { conversationId, seq: 60 } });
    expect(await ann.device.next('receipt', ({ kind, seq }) => kind === 'read' && seq === 60)).toBeDefined();
    await device.tell('message:received', { conversationId, seq: 30 });

    const own = (await ok(ann.api.get<List>('/v1/conversations'))).items.find(
      (one) => one.conversationId === conversationId,
    );
    expect(own).toMatchObject({ unread: 0, peer: { userId: bob.userId, readSeq: 60, deliveredSeq: 60 } });
    expect(ann.device.all('receipt').map(({ kind, seq }) => [kind, seq])).toEqual([
      ['delivered', 10],
      ['read', 20],
      ['read', 60],
    ]);
    // A device that was away learns of the mark by sync.
    const { userEvents } = await tablet.tell('sync', { userSeq: 0, conversations: [] });
    expect(userEvents).toContainEqual(expect.objectContaining({ kind: 'read', data: { conversationId, seq: 60 } }));
    tablet.close();
  });
});
