import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { aChatroom, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { writtenJson, type WrittenJson } from '../support/json-texts';
import { between } from '../support/messages';
import { RawSocket } from '../support/raw-socket';

type Ask = (event: string, data: string) => Promise<string>;

let parley: Parley;
let elsewhere: Parley;
let app: TestApp;
let ann: TestSession;
let bob: TestSession;
/** bob's, which hears, on another node. */
let ear: RawSocket;
let overWebSocket: Ask;
let overPolling: Ask;
const auth = ({ token }: TestSession, id: string) => ({ token, device: { id, platform: 'web' } });
const portOf = ({ url }: Parley) => Number(new URL(url).port);

beforeAll(async () => {
  parley = await startParley({ LIMIT_USER_SENDS_BURST: '10000' });
  elsewhere = await parley.another();
  app = await anApp(parley);
  [ann, bob] = [await aSession(await aUser(app)), await aSession(await aUser(app))];
  ear = await RawSocket.open(portOf(elsewhere), auth(bob, 'ear'));
  overWebSocket = asker(await RawSocket.open(portOf(parley), auth(ann, 'raw')));
  overPolling = await pollingAsker(auth(ann, 'polling'));
  await eventually('the nodes hear each other', async () => {
    await overWebSocket('message:send', command(bob, randomUUID(), '1', '1', ',"options":{"onlineOnly":true}'));
    return ear.texts.some((text) => text.startsWith('42["message:new"'));
  });
}, 90_000);
afterAll(async () => {
  await elsewhere?.stop();
  await parley?.stop();
});

let acks = 0;
function asker(raw: RawSocket): Ask {
  return (event, data) => {
    const ack = ++acks;
    raw.send(`42${ack}["${event}",${data}]`);
    return raw.hears((text) => text.startsWith(`43${ack}[`));
  };
}

/** Engine.IO's other transport, by hand: what a client library would write anew is written as it is. */
async function pollingAsker(handshake: object): Promise<Ask> {
  const open = await (await fetch(`${parley.url}/socket.io/?EIO=4&transport=polling`)).text();
  const { sid } = JSON.parse(open.slice(1)) as { sid: string };
  const url = `${parley.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  const post = async (body: string) => expect((await fetch(url, { method: 'POST', body })).status).toBe(200);
  const poll = async () => (await (await fetch(url)).text()).split('\x1e');
  await post(`40${JSON.stringify(handshake)}`);
  await poll();
  return async (event, data) => {
    const ack = ++acks;
    await post(`42${ack}["${event}",${data}]`);
    for (;;) {
      const packets = await poll();
      if (packets.includes('2')) await post('3');
      const answer = packets.find((packet) => packet.startsWith(`43${ack}[`));
      if (answer) return answer;
    }
  };
}

async function rest(
  session: { token: string } | TestApp,
  method: string,
  path: string,
  body?: string,
): Promise<string> {
  const authorization =
    'token' in session
      ? `Bearer ${session.token}`
      : `Basic ${Buffer.from(`${session.appId}:${session.appSecret}`).toString('base64')}`;
  const headers = { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) };
  const answer = await fetch(parley.url + path, { method, headers, ...(body !== undefined && { body }) });
  return answer.text();
}

const command = (to: TestSession | string, id: string, body: string, ext: string, more = '') => {
  const address = typeof to === 'string' ? to : `"to":{"kind":"user","id":"${to.user.userId}"},`;
  return `{${address}"clientMessageId" : "${id}","type":"custom","body":\t${body} ,"ext":${ext}${more}}`;
};
const says = (body: string, ext: string) => `"body":${body},"ext":${ext}`;
/** Neither is null, which would mean that there is none. */
const parts = fc.tuple(writtenJson, writtenJson).map(([body, ext]) => ({ body: listed(body), ext: listed(ext) }));
const listed = ({ text, same }: WrittenJson) => ({ text: `[ ${text}]`, same: `[${same} ]` });

describe('what a message says', () => {
  it('is the very text that arrived, through every door in and out', async () => {
    const doors: [string, Ask][] = [
      ['a WebSocket', overWebSocket],
      ['polling', overPolling],
      ['REST', (_, data) => rest(ann, 'POST', '/v1/messages', data)],
    ];
    const conversationId = between(ann.user.userId, bob.user.userId);
    const bobs = asker(ear);
    let seq = 0;
    await fc.assert(
      fc.asyncProperty(parts, async ({ body, ext }) => {
        for (const [door, send] of doors) {
          const id = randomUUID();
          const sent = await send('message:send', command(bob, id, body.text, ext.text));
          expect(sent).toContain(`"clientMessageId":"${id}"`);
          const said = says(body.text, ext.text);
          if (door === 'REST') expect(sent).toContain(said);
          else expect(sent).not.toContain('"body"');
          const held = JSON.stringify({ userSeq: 0, conversations: [[conversationId, seq]] });
          const page = { conversationId, after: seq };
          seq++;

          expect(await ear.hears((text) => text.startsWith('42["message:new"') && text.includes(id))).toContain(said);
          expect(await bobs('sync', held)).toContain(said);
          expect(await bobs('conversation:pull', JSON.stringify(page))).toContain(said);
          expect(await rest(bob, 'GET', `/v1/conversations/${conversationId}/messages?after=${seq - 1}`)).toContain(
            said,
          );
          expect(await rest(app, 'GET', `/v1/conversations/${conversationId}/messages?limit=1`)).toContain(said);
          expect(await rest(bob, 'GET', '/v1/conversations')).toContain(said);

          // Said again in other words it is the same message, and comes back in the first ones.
          const again = await send('message:send', command(bob, id, body.same, ext.same));
          expect(again).toContain('"duplicate":true');
          if (door === 'REST') expect(again).toContain(said);
          ear.texts.length = 0;
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('is so too where it is stored nowhere, and in every room', async () => {
    const { chatroomId } = await aChatroom(app);
    await asker(ear)('chatroom:join', JSON.stringify({ chatroomId }));
    await fc.assert(
      fc.asyncProperty(parts, async ({ body, ext }) => {
        const said = says(body.text, ext.text);
        const [fleeting, broadcast] = [randomUUID(), randomUUID()];
        const heard = (mark: string) => ear.hears((text) => text.startsWith('42["message:new"') && text.includes(mark));
        await overWebSocket(
          'message:send',
          command(bob, fleeting, body.text, ext.text, ',"options":{"onlineOnly":true}'),
        );
        expect(await heard(fleeting)).toContain(said);
        await rest(app, 'POST', '/v1/chatroom-broadcasts', command('', broadcast, body.text, ext.text));
        expect(await heard(`"conversationId":"chatroom:${chatroomId}"`)).toContain(said);
        ear.texts.length = 0;
      }),
      { numRuns: 10 },
    );
  }, 60_000);

  it('is measured as it arrived', async () => {
    const spacious = `{"a":${' '.repeat(4096)}1}`;
    for (const send of [overWebSocket, (_: string, data: string) => rest(ann, 'POST', '/v1/messages', data)]) {
      const answer = await send('message:send', command(bob, randomUUID(), '{}', spacious));
      expect(answer).toContain('"code":"TOO_LARGE"');
      expect(answer).toContain('"field":"ext"');
    }
  });

  it('has no name twice in one object, whichever door it comes through', async () => {
    const doors: Ask[] = [overWebSocket, overPolling, (_, data) => rest(ann, 'POST', '/v1/messages', data)];
    for (const send of doors) {
      for (const [field, text] of [
        ['body.a', command(bob, randomUUID(), '{"a":1,"\\u0061":1}', '1')],
        ['ext[0].b', command(bob, randomUUID(), '1', '[{"b":1,"b":2}]')],
        ['type', command(bob, randomUUID(), '1', '1', ',"type":"text"')],
        ['to.id', command(`"to":{"kind":"user","id":"${bob.user.userId}","id":"eve"},`, randomUUID(), '1', '1')],
      ]) {
        const answer = await send('message:send', String(text));
        expect(answer).toContain('"code":"INVALID_REQUEST"');
        expect(answer).toContain(`"field":"${field}"`);
      }
    }
  });

  it('is another message where a digit differs that JavaScript does not see', async () => {
    const id = randomUUID();
    const send = (body: string) => rest(ann, 'POST', '/v1/messages', command(bob, id, body, '1'));
    expect(await send('9007199254740993')).toContain('"body":9007199254740993');
    expect(await send('9007199254740992')).toContain('IDEMPOTENCY_MISMATCH');
    expect(await send('9007199254740993.0')).toContain('"duplicate":true');
  });

  it('may be a number that no double holds, and the same one in another notation is a repeat', async () => {
    const id = randomUUID();
    const doors: Ask[] = [overWebSocket, overPolling, (_, data) => rest(ann, 'POST', '/v1/messages', data)];
    for (const send of doors) {
      const says = (body: string) => send('message:send', command(bob, id, body, '[-1e-400]'));
      expect(await says('{"n":1e400}')).toContain(`"clientMessageId":"${id}"`);
      expect(await says('{"n":10.0E+399}')).toContain('"duplicate":true');
      expect(await says('{"n":1e401}')).toContain('IDEMPOTENCY_MISMATCH');
      expect(await says('{"n":-1e400}')).toContain('IDEMPOTENCY_MISMATCH');
    }
  });

  it('keeps its numbers in lists too, where the rest of it is shortened', async () => {
    const carol = await aSession(await aUser(app));
    const body = `{"n":1e400,"thumbnail":"${'A'.repeat(500)}","big":9007199254740993,"one":1.0}`;
    await overWebSocket('message:send', command(carol, randomUUID(), body, '1'));
    const list = await rest(carol, 'GET', '/v1/conversations');
    expect(list).toContain('"body":{"n":1e400,"big":9007199254740993,"one":1.0}');
    expect(list).toContain('"truncated":true');
  });

  it('is the only place for such a number: what is written again must be held by JavaScript', async () => {
    const users = await rest(app, 'POST', '/v1/users', '{"userId":"someone","profile":{"a":[1e400]}}');
    expect(users).toContain('"field":"profile"');
    const option = command(bob, randomUUID(), '1', '1', ',"options":{"priority":1e400}');
    expect(await overWebSocket('message:send', option)).toContain('INVALID_REQUEST');
  });
});
