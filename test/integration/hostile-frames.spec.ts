import type { Socket } from 'socket.io-client';
import { RawSocket } from '../support/raw-socket';
import { aRealtimeNode, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(60_000);
const event = (json: string): string => `42${json}`;

/** Frames that no Socket.IO client sends (security.md §4.6): each ends its sender's connection, and no other. */
const CLOSING: [string, (string | Buffer)[]][] = [
  ['truncated JSON', ['42["typing",{']],
  ['truncated JSON of a large event', [event(`["typing",{"conversationId":"${'x'.repeat(20_000)}`)]],
  ['an acknowledgement of 20 KB', [`431["${'x'.repeat(20_000)}"]`]],
  ['an unknown packet type', ['49["typing",{}]']],
  ['no packet type', ['4']],
  ['a reserved event', [event('["disconnect",{}]')]],
  ['an event named by an object', [event('[{"x":1},{}]')]],
  ['an empty list', [event('[]')]],
  ['no list', [event('{"typing":{}}')]],
  ['an ack id of 40 digits', ['42' + '9'.repeat(40) + '["typing",{}]']],
  ['a stray attachment', [Buffer.from('x')]],
  ['eleven attachments', ['4511-["typing",{"_placeholder":true,"num":0}]']],
  ['a bad number of attachments', ['45x-["typing",{}]']],
  ['text where an attachment is due', ['451-["typing",{"_placeholder":true,"num":0}]', '42["typing",{}]']],
  ['a second CONNECT', ['40{"token":"1"}']],
  ['a CONNECT_ERROR', ['44{"message":"x"}']],
  ['a namespace of 100 KB', ['40/' + 'n'.repeat(60_000) + ',{}']],
  ['twenty namespaces', Array.from({ length: 20 }, (_, i) => `40/n${i},{}`)],
  ['an event in a namespace never joined', ['42/other,["typing",{}]']],
  ['an unknown Engine.IO packet', ['9x']],
  ['a ping from the client', ['2']],
  ['a frame of five times the limit', [event(`["typing",{"conversationId":"${'x'.repeat(5 * 65_536)}"}]`)]],
];

describe('a hostile frame', () => {
  let node: RealtimeNode;
  let bystander: Socket;
  const rejections: unknown[] = [];
  const note = (reason: unknown): number => rejections.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    node = await aRealtimeNode({});
    bystander = await node.connect(2);
  });
  afterAll(async () => {
    process.off('unhandledRejection', note);
    await node.close();
  });
  afterEach(async () => {
    expect(bystander.connected).toBe(true);
    expect(await bystander.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({ ok: true });
    expect(rejections).toEqual([]);
  });

  it.each(CLOSING)('closes its sender and reaches no handler: %s', async (_, frames) => {
    const raw = await RawSocket.open(node.port, '1');
    const before = node.gateway.heard.length;
    for (const frame of frames) raw.send(frame);
    await raw.ends();
    expect(node.gateway.heard).toHaveLength(before);
    await until('the connection gone', () => !node.connections.has(1));
  });

  it.each([
    [
      '200,000 levels of lists, though under the frame limit',
      `["typing",${'['.repeat(30_000)}${']'.repeat(30_000)}]`,
      'INVALID_REQUEST',
    ],
    ['deep objects', `["typing",${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}]`, 'INVALID_REQUEST'],
    ['a large list instead of an object', `["typing",[${'0,'.repeat(5000)}0]]`, 'INVALID_REQUEST'],
    ['a large second argument', `["typing",{"conversationId":"c"},"${'x'.repeat(20_000)}"]`, 'INVALID_REQUEST'],
    ['a large event that nobody knows and that is no JSON', `["no:such",${'['.repeat(20_000)}`, 'UNKNOWN_EVENT'],
    ['a number beyond all numbers', '["message:received",{"conversationId":"c","seq":1e400}]', 'INVALID_REQUEST'],
    ['a numeric event', '[7,{}]', 'UNKNOWN_EVENT'],
    ['a frame over the limit', `["typing",{"conversationId":"${'x'.repeat(67_000)}"}]`, 'TOO_LARGE'],
    [
      'a frame of three times the limit, in characters of two bytes',
      `["typing",{"x":"${'é'.repeat(98_000)}"}]`,
      'TOO_LARGE',
    ],
    ['a frame over the limit that is no JSON', `["no:such",${'['.repeat(70_000)}`, 'UNKNOWN_EVENT'],
    ['a lone surrogate in a name', '["typing",{"\\ud800":1,"conversationId":"c"}]', 'INVALID_REQUEST'],
  ])('is answered and changes nothing: %s', async (_, json, code) => {
    const raw = await RawSocket.open(node.port, '1');
    const before = node.gateway.heard.length;
    raw.send(`4217${json}`);
    const answer = await raw.hears((text) => text.startsWith('4317'));
    expect(JSON.parse(answer.slice(4))).toMatchObject([{ ok: false, error: { code } }]);
    expect(node.gateway.heard).toHaveLength(before);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    raw.tcp.destroy();
  });

  it('before the handshake reaches no handler', async () => {
    const raw = await RawSocket.open(node.port);
    const before = node.gateway.heard.length;
    raw.send('42["typing",{"conversationId":"c"}]');
    await raw.ends();
    expect(node.gateway.heard).toHaveLength(before);
  });

  it('during the handshake reaches no handler, nor does a second handshake reach the gate', async () => {
    let open = (): void => undefined;
    node.gate.closedUntil = new Promise((resolve) => (open = resolve));
    const before = node.gateway.heard.length;
    const admitted = node.gate.admitted.length;
    const raw = await RawSocket.open(node.port);
    raw.send('40{"token":"1"}');
    raw.send('40{"token":"1"}');
    raw.send('42["typing",{"conversationId":"c"}]');
    await raw.ends();
    open();
    node.gate.closedUntil = undefined;
    await until('the gate is through', () => node.gate.admitted.length > admitted);
    expect(node.gate.admitted).toHaveLength(admitted + 1);
    await until('released again', () => !node.connections.has(1));
    expect(node.gateway.heard).toHaveLength(before);
  });

  it('behind a goodbye reaches no handler; what came before it did', async () => {
    const raw = await RawSocket.open(node.port, '1');
    node.gateway.heard.length = 0;
    raw.tcp.cork();
    raw.send('42["typing",{"conversationId":"before"}]');
    raw.send('41');
    raw.send('42["typing",{"conversationId":"behind"}]');
    raw.tcp.uncork();
    await until('the connection gone', () => !node.connections.has(1));
    await bystander.emitWithAck('typing', { conversationId: 'c' });
    expect(node.gateway.heard).toEqual([{ conversationId: 'before' }, { conversationId: 'c' }]);
    raw.tcp.destroy();
  });

  it('names a namespace that is not there, and is told so', async () => {
    const raw = await RawSocket.open(node.port);
    raw.send('40/nope,{}');
    expect(await raw.hears((text) => text.startsWith('44/nope,'))).toContain('Invalid namespace');
    raw.tcp.destroy();
  });

  it('as acknowledgements nobody asked for does nothing', async () => {
    const raw = await RawSocket.open(node.port, '1');
    for (let i = 0; i < 1000; i++) raw.send(`43${i}[{"ok":true}]`);
    raw.send('421["typing",{"conversationId":"c"}]');
    await raw.hears((text) => text.startsWith('431'));
    raw.tcp.destroy();
  });

  it('as a flood of 20,000 events is limited, and the others are served', async () => {
    const raw = await RawSocket.open(node.port, '11');
    for (let i = 0; i < 20_000; i++) raw.send(`42${i}["typing",{"conversationId":"c"}]`);
    const served = bystander.emitWithAck('typing', { conversationId: 'c' });
    expect(await served).toMatchObject({ ok: true });
    await raw.hears((text) => text.includes('RATE_LIMITED'));
    raw.tcp.destroy();
  });
});
