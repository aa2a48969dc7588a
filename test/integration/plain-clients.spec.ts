import { spawn, spawnSync } from 'node:child_process';
import { hearing, APP_PK, aRealtimeNode, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(60_000);

const WAYS: [string, ('polling' | 'websocket')[]][] = [
  ['by websocket', ['websocket']],
  ['by polling', ['polling']],
  ['by polling with an upgrade', ['polling', 'websocket']],
];
const NOTICE = { conversationId: 'c', userId: 'ü汉🙂"\\\u2028', kind: 'read', seq: 1 } as const;

describe('a plain client', () => {
  let node: RealtimeNode;
  beforeAll(async () => {
    node = await aRealtimeNode({});
  });
  afterAll(() => node.close());

  it.each(WAYS)(
    'of JavaScript connects %s, is answered, hears every event and is told of a kick',
    async (_, transports) => {
      // A session that was kicked does not come back: each way has a user of its own.
      const user = 1 + WAYS.findIndex(([, way]) => way === transports);
      const client = await node.connect(user, { transports });
      const heard = hearing(client);
      let reason = '';
      client.on('disconnect', (why) => (reason = why));
      // Said before, during and after the upgrade.
      for (let seq = 1; seq <= 100; seq++) {
        node.live.toUsers(APP_PK, [user], 'receipt', { ...NOTICE, seq });
        if (seq % 10 === 0)
          expect(await client.emitWithAck('typing', { conversationId: 'c' })).toEqual({ ok: true, data: {} });
      }
      await until('all heard', () => heard.length === 100);
      expect(heard).toEqual(Array.from({ length: 100 }, (_unused, i) => ['receipt', { ...NOTICE, seq: i + 1 }]));
      if (transports.length === 2) await until('the upgrade', () => client.io.engine.transport.name === 'websocket');
      node.live.kick(user, [user], 'revoked');
      await until('the disconnect', () => reason !== '');
      expect(heard.at(-1)).toEqual(['session:kicked', { reason: 'revoked' }]);
      expect(reason).toBe('io server disconnect');
    },
  );

  const python = ['/usr/bin/python3', 'python3'].find(
    (command) => spawnSync(command, ['-c', 'import socketio, requests, websocket']).status === 0,
  );
  const itWithPython = python ? it : it.skip;

  itWithPython.each(WAYS)('of Python connects %s and hears the same', async (_, transports) => {
    const child = spawn(python ?? '', ['-c', PYTHON, node.url, JSON.stringify(transports)]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await until('connected', () => output.includes('refusal'));
    // By tens: a Python client refuses more than 16 packets in one poll, whatever server sends them.
    for (const last of [10, 20]) {
      for (let seq = last - 9; seq <= last; seq++) node.live.toUsers(APP_PK, [7], 'receipt', { ...NOTICE, seq });
      await until('all heard', () => output.split('receipt').length - 1 === last);
    }
    node.live.kick(7, [7], 'revoked');
    await exited;
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [string, unknown]);
    expect(lines.slice(0, 2)).toEqual([
      ['answer', { ok: true, data: {} }],
      ['refusal', { ok: false, error: expect.objectContaining({ code: 'INVALID_REQUEST' }) }],
    ]);
    // It handles each event in a thread of its own, so what it prints is in no order.
    const receipts = lines.flatMap(([what, data]) => (what === 'receipt' ? [data as { seq: number }] : []));
    expect(receipts.sort((x, y) => x.seq - y.seq)).toEqual(
      Array.from({ length: 20 }, (_unused, i) => ({ ...NOTICE, seq: i + 1 })),
    );
    expect(lines).toContainEqual(['kicked', { reason: 'revoked' }]);
  });
});

const PYTHON = `
import json, sys, socketio
client = socketio.Client(reconnection=False)
def say(what, data):
    sys.stdout.write(json.dumps([what, data]) + '\\n')
    sys.stdout.flush()
client.on('receipt', lambda data: say('receipt', data))
client.on('session:kicked', lambda data: say('kicked', data))
client.connect(sys.argv[1], auth={'token': '7', 'device': {'id': 'p'}}, transports=json.loads(sys.argv[2]))
say('answer', client.call('typing', {'conversationId': 'c'}))
say('refusal', client.call('typing', {'wrong': b'bytes'}))
client.wait()
`;
