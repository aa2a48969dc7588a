import { spawn, spawnSync } from 'node:child_process';
import type { SendAck, WireMessage } from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aSession, aUser, type TestApp } from '../../support/builders';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { aText, upTo } from '../../support/messages';

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import socketio, requests, websocket']).status === 0,
);
const AWKWARD = 'ü汉🙂"\\\u2028';
const seqOf = (message: unknown): number => (message as WireMessage).seq ?? 0;

describe('a plain client of another language', () => {
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
  });
  afterAll(() => parley?.stop());

  const skipped = python ? '' : ' (skipped: python3-socketio is not installed)';
  (python ? it : it.skip).each([
    ['by websocket', ['websocket']],
    ['by polling', ['polling']],
  ])(
    `Y32: Python, %s, talks with JavaScript in both directions, is answered, syncs and is told of a kick${skipped}`,
    async (_, transports) => {
      const ann = await aConnectedUser(app);
      const user = await aUser(app);
      const { token } = await aSession(user);
      await ann.device.tell('message:send', aText(user.userId, 'while away'));
      const auth = JSON.stringify({ token, device: { id: 'python', platform: 'linux' } });
      const child = spawn(python ?? '', ['-c', CLIENT, parley.url, auth, JSON.stringify(transports), ann.userId]);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const exited = new Promise((resolve) => child.once('exit', resolve));
      const said = (): [string, unknown][] =>
        output
          .split('\n')
          .filter((line) => line.startsWith('['))
          .map((line) => JSON.parse(line) as [string, unknown]);
      const hears = (count: number) =>
        eventually(
          `python hears ${count}: ${output}`,
          () => said().filter(([what]) => what === 'message:new').length === count,
        );
      try {
        await ann.device.next('message:new', ({ body }) => (body as { text: string }).text === 'python 5');
        const sent: SendAck[] = [];
        for (const n of upTo(5))
          sent.push(await ann.device.tell('message:send', aText(user.userId, `${AWKWARD} ${n}`)));
        await hears(5);
        await app.api.delete(`/v1/users/${user.userId}/sessions`);
        await exited;

        expect(ann.device.all('message:new').map(({ body, seq }) => [body, seq])).toEqual(
          upTo(5).map((n) => [{ text: `python ${n}` }, n + 1]),
        );
        const told = said();
        const all = (name: string) => told.flatMap(([what, data]) => (what === name ? [data] : []));
        expect(all('message:new').sort((a, b) => seqOf(a) - seqOf(b))).toEqual(sent);
        expect(all('ack')).toEqual(ann.device.all('message:new').map((data) => ({ ok: true, data })));
        expect(all('sync')).toMatchObject([{ ok: true, data: { messages: [{ body: { text: 'while away' } }] } }]);
        expect(all('blank')).toMatchObject([{ ok: false, error: { code: 'BLANK_MESSAGE' } }]);
        expect(all('session:kicked')).toEqual([{ reason: 'revoked' }]);
      } finally {
        child.kill('SIGKILL');
        ann.device.close();
      }
    },
  );
});

const CLIENT = `
import json, sys, uuid, socketio
url, auth, transports, peer = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]
client = socketio.Client(reconnection=False)
def say(what, data):
    sys.stdout.write(json.dumps([what, data]) + '\\n')
    sys.stdout.flush()
client.on('message:new', lambda data: say('message:new', data))
client.on('session:kicked', lambda data: say('session:kicked', data))
client.connect(url, auth=auth, transports=transports)
def send(text):
    return client.call('message:send', {'to': {'kind': 'user', 'id': peer}, 'clientMessageId': str(uuid.uuid4()), 'type': 'text', 'body': {'text': text}})
say('sync', client.call('sync', {'userSeq': 0, 'conversations': []}))
say('blank', send('  '))
for n in range(1, 6):
    say('ack', send('python %d' % n))
client.wait()
`;
