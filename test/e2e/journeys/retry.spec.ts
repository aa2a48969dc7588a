import { randomUUID } from 'node:crypto';
import type { WireMessage } from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText, between, textsOf, whole } from '../../support/messages';
import { connect } from '../../support/socket';

describe('a send that is repeated', () => {
  let nodes: Parley[];
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let conversationId: string;

  beforeAll(async () => {
    const first = await startParley();
    nodes = [first, await first.another()];
    app = await anApp(first);
    ann = await aConnectedUser(app);
    bob = await aConnectedUser(app);
    conversationId = between(ann.userId, bob.userId);
  });
  afterAll(async () => {
    for (const user of [ann, bob]) user?.device.close();
    for (const node of nodes ?? []) await node.stop();
  });

  const stored = async (): Promise<WireMessage[]> =>
    (await ok(bob.api.get<{ items: WireMessage[] }>(`/v1/conversations/${conversationId}/messages?after=0&limit=100`)))
      .items;
  const plain = ({ duplicate, ...message }: WireMessage & { duplicate?: true }): WireMessage =>
    duplicate === undefined ? message : message;

  it('E33 D13: at once, on both doors of two nodes, is one message with equal acknowledgements', async () => {
    const elsewhere = await connect(nodes[1].url, ann.token);
    const there = nodes[1].api.as({ bearer: ann.token });
    for (let round = 0; round < 10; round++) {
      const command = aText(bob.userId, `round ${round}`);
      const byRest = [ann.api, there, ann.api].map((api) => api.post<WireMessage>('/v1/messages', command));
      const bySocket = [ann.device, elsewhere, ann.device].map(async (device) =>
        whole(command, await device.tell('message:send', command)),
      );
      const [posted, acknowledged] = [await Promise.all(byRest), await Promise.all(bySocket)];

      const answers: (WireMessage & { duplicate?: true })[] = [...posted.map(({ body }) => body), ...acknowledged];
      expect(answers.map(plain)).toEqual(answers.map(() => plain(answers[0])));
      expect(answers.filter(({ duplicate }) => duplicate === undefined)).toHaveLength(1);
      for (const { status, body } of posted) expect(status).toBe('duplicate' in body ? 200 : 201);
    }
    expect(textsOf(await stored())).toEqual(Array.from({ length: 10 }, (_, n) => `round ${n}`));
    await bob.device.next('message:new', ({ seq }) => seq === 10);
    // A node whose bus has just come up may say a message again; the seq tells that it is the same (protocol.md §2.4).
    const heard = new Map(bob.device.all('message:new').map(({ seq, id }) => [seq, id]));
    expect([...heard]).toEqual((await stored()).map(({ seq, id }) => [seq, id]));
    elsewhere.close();
  });

  it('later is 201 then 200 with `duplicate: true`, for a user and for an app server', async () => {
    for (const [api, command] of [
      [ann.api, aText(bob.userId, 'by a user')],
      [app.api, aText(bob.userId, 'in a user’s name', { from: ann.userId })],
      [app.api, aText(bob.userId, 'a notice')],
    ] as const) {
      const first = await api.post('/v1/messages', command);
      const again = await api.post('/v1/messages', command);
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(again.body).toEqual({ ...first.body, duplicate: true });
    }
  });

  it('under the same id with another content is 409, through both doors, and stores nothing', async () => {
    const clientMessageId = randomUUID();
    const original = aText(bob.userId, 'the original', { clientMessageId, ext: { a: 1 } });
    await ok(ann.api.post('/v1/messages', original));
    const before = await stored();
    const carol = await aConnectedUser(app);
    for (const other of [
      { ...original, body: { text: 'another text' } },
      { ...original, ext: { a: 2 } },
      { ...original, ext: undefined },
      { ...original, type: 'custom' },
      { ...original, to: { kind: 'user' as const, id: carol.userId } },
    ]) {
      expect(await ann.api.post('/v1/messages', other)).toMatchObject({
        status: 409,
        body: { error: { code: 'IDEMPOTENCY_MISMATCH' } },
      });
      expect(await ann.device.ask('message:send', other)).toMatchObject({
        ok: false,
        error: { code: 'IDEMPOTENCY_MISMATCH' },
      });
    }
    expect(await stored()).toEqual(before);
    // The id is its sender's own: another user may use the same.
    const theirs = await carol.device.tell('message:send', { ...original, body: { text: 'mine' } });
    expect(theirs).not.toHaveProperty('duplicate');
    carol.device.close();
  });

  it('because the answer was lost resolves, whether the first attempt was stored or not', async () => {
    const before = (await stored()).length;
    let device = ann.device;
    const texts: string[] = [];
    for (let round = 0; round < 20; round++) {
      const command = aText(bob.userId, `cut off ${round}`);
      texts.push(`cut off ${round}`);
      device.socket.emit('message:send', command, () => undefined);
      // Some cuts come before the frame is written, some after it was handled.
      if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round / 2));
      device.socket.io.engine.close();
      device = await connect(nodes[round % 2].url, ann.token, { id: 'the-phone' });
      const sent = await device.tell('message:send', command);
      expect(sent.seq).toBe(before + round + 1);
    }
    expect(textsOf(await stored()).slice(before)).toEqual(texts);
    device.close();
  });
});
