import {
  MESSAGE_TYPES,
  type MessageEnvelope,
  type SendCommand,
  type WireMessage,
} from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText, between, textsOf, whole } from '../../support/messages';
import { connect, type Device } from '../../support/socket';

const ISO_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Key order, escapes, astral characters, halves of them, and numbers at the edge. */
const AWKWARD = {
  z: 1,
  a: ['\ud800', 'x\udc00', '👩‍👩‍👧‍👦', '\u0000\u2028"\\/'],
  m: { b: null, a: false, '': [] },
  k: [1e21, -0.5, 9007199254740991],
  __proto: 'no prototype',
};

describe('two people who are online', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let annsTablet: Device;
  let conversationId: string;

  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    ann = await aConnectedUser(app, { platform: 'android' });
    bob = await aConnectedUser(app, { platform: 'ios' });
    annsTablet = await connect(parley.url, ann.token, { platform: 'ipad' }, { transports: ['polling'] });
    conversationId = between(ann.userId, bob.userId);
  });
  afterAll(async () => {
    for (const device of [ann?.device, bob?.device, annsTablet]) device?.close();
    await parley?.stop();
  });

  /** What bob, ann's tablet and the history say of a message. */
  const everywhere = async ({ id, seq = 0 }: MessageEnvelope): Promise<WireMessage[]> => {
    const live = await Promise.all([bob.device, annsTablet].map((one) => one.next('message:new', (m) => m.id === id)));
    const path = `/v1/conversations/${conversationId}/messages?after=${seq - 1}&limit=1`;
    const { items } = await ok(bob.api.get<{ items: WireMessage[] }>(path));
    return [...live, ...items];
  };

  it('Y17 E15 E39 T18: each message is acknowledged and heard once by the peer and the sender’s other device, through both doors', async () => {
    const bySocket = aText(bob.userId, 'by socket');
    const byRest = aText(bob.userId, 'by REST');
    const ack = await ann.device.tell('message:send', bySocket);
    const first = whole(bySocket, ack);
    const answer = await ann.api.post<WireMessage>('/v1/messages', byRest);
    const answered = aText(ann.userId, 'and back');
    const back = whole(answered, await bob.device.tell('message:send', answered));

    expect(answer.status).toBe(201);
    expect(ack).toEqual({
      id: expect.any(String),
      conversationId,
      seq: 1,
      from: ann.userId,
      to: { kind: 'user', id: bob.userId },
      clientMessageId: bySocket.clientMessageId,
      type: 'text',
      sentAt: expect.stringMatching(ISO_UTC),
      revision: 0,
    });
    expect(answer.body).toEqual({ ...first, ...byRest, id: answer.body.id, seq: 2, sentAt: answer.body.sentAt });
    expect(await everywhere(first)).toEqual([first, first, first]);
    expect(await everywhere(answer.body)).toEqual([answer.body, answer.body, answer.body]);
    expect(await ann.device.next('message:new', ({ id }) => id === back.id)).toEqual(back);
    expect(await annsTablet.next('message:new', ({ id }) => id === back.id)).toEqual(back);

    // One more, so that a second copy of the earlier ones would have been heard by now.
    await everywhere(await ann.device.tell('message:send', aText(bob.userId, 'the last')));
    expect(textsOf(bob.device.all('message:new'))).toEqual(['by socket', 'by REST', 'the last']);
    expect(textsOf(annsTablet.all('message:new'))).toEqual(['by socket', 'by REST', 'and back', 'the last']);
    // The sending socket has its acknowledgement only; what its user sent by REST it hears as any other device does.
    expect(textsOf(ann.device.all('message:new'))).toEqual(['by REST', 'and back']);
  });

  it('Y16 E14 E19 E30 T18: every known type and one of a newer client arrive as they are, typed, addressed and timed', async () => {
    for (const type of [...MESSAGE_TYPES, 'hologram.v2']) {
      const body = type === 'text' ? { text: 'x' } : { url: 'https://media.example/1', thumbnail: 'aGk=', lat: 31.2 };
      const command = aText(bob.userId, '', { type, body, ext: { n: 1 } });
      // Users cannot send what looks like the server's own.
      const sent =
        type === 'notice'
          ? await ok(app.api.post<WireMessage>('/v1/messages', { ...command, from: ann.userId }))
          : await ann.device.tell('message:send', command);
      const [heard, , stored] = await everywhere(sent);
      for (const message of [heard, stored]) {
        expect(message).toMatchObject({ type, body, ext: { n: 1 }, from: ann.userId, conversationId, id: sent.id });
      }
    }
  });

  it('E37 T16: body and ext come back as they were read, key order, emoji and lone surrogates included', async () => {
    const text = JSON.stringify(AWKWARD);
    for (const send of [
      async (command: SendCommand) => whole(command, await ann.device.tell('message:send', command)),
      (command: SendCommand) => ok(ann.api.post<WireMessage>('/v1/messages', command)),
    ]) {
      const sent = await send(aText(bob.userId, '', { type: 'custom', body: AWKWARD, ext: AWKWARD }));
      for (const seen of [sent, ...(await everywhere(sent))]) {
        expect([JSON.stringify(seen.body), JSON.stringify(seen.ext)]).toEqual([text, text]);
      }
    }
    for (const body of ['AAECAwQ=', 0, false, [], '', 1.5]) {
      const sent = await ann.device.tell('message:send', aText(bob.userId, '', { type: 'custom', body }));
      for (const seen of await everywhere(sent)) expect(seen.body).toEqual(body);
    }
  });

  it('D14 Y28: carries the server’s absolute time, never falling along the log, the same for every observer', async () => {
    const sent: MessageEnvelope[] = [];
    for (let n = 0; n < 20; n++) sent.push(await ann.device.tell('message:send', aText(bob.userId, `${n}`)));
    const times = sent.map(({ sentAt }) => sentAt);
    for (const time of times) expect(time).toMatch(ISO_UTC);
    expect([...times].sort()).toEqual(times);
    expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, n) => (sent[0].seq ?? 0) + n));
    for (const seen of await everywhere(sent[19])) expect(seen.sentAt).toBe(times[19]);
  });

  it('Y28: many sends at once from one socket are stored and heard in the order in which they were sent', async () => {
    const texts = Array.from({ length: 60 }, (_, n) => `burst ${n}`);
    const sent = await Promise.all(texts.map((text) => ann.device.tell('message:send', aText(bob.userId, text))));
    const seqs = sent.map(({ seq = 0 }) => seq);
    expect(seqs).toEqual(seqs.map((_, n) => seqs[0] + n));
    await bob.device.next('message:new', ({ seq }) => seq === seqs[59]);
    expect(textsOf(bob.device.all('message:new')).slice(-60)).toEqual(texts);
  });

  it('typing is told to the other side only, and kept nowhere', async () => {
    await ann.device.tell('typing', { conversationId });
    expect(await bob.device.next('typing')).toEqual({ conversationId, userId: ann.userId, typing: true });
    await ann.device.tell('typing', { conversationId, typing: false });
    expect(await bob.device.next('typing')).toEqual({ conversationId, userId: ann.userId, typing: false });
    expect(ann.device.all('typing')).toEqual([]);
  });
});
