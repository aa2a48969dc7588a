import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { io, type Socket } from 'socket.io-client';
import { SESSION_GATE, type SessionGate } from '../../src/platform/realtime/session-gate';
import type { AdmittedSession, Connection } from '../../src/platform/realtime/connection';
import { Connections } from '../../src/platform/realtime/connections';
import { anApp, aSession, aUser, type TestApp, type TestSession, type TestUser } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { eventually } from '../support/eventually';

jest.setTimeout(180_000);

const DEVICES_MAX = 2;
const RUNS = 12;

/** A socket as its client sees it. */
interface Client {
  socket: Socket;
  /** As long as it was connected; the client forgets it. */
  id: string;
  kicks: { reason: string }[];
  refusal?: { code: string; details?: { reason?: string } };
  settled: Promise<void>;
  closedByItself: boolean;
}

interface Step {
  afterMs: number;
  act: 'connect' | 'close' | 'logout' | 'log in again';
  node: 0 | 1;
  device: 0 | 1 | 2;
}

const steps = fc.array(
  fc.record<Step>({
    afterMs: fc.constantFrom(0, 0, 0, 1, 5, 20),
    act: fc.constantFrom('connect', 'connect', 'connect', 'connect', 'connect', 'close', 'logout', 'log in again'),
    node: fc.constantFrom(0, 1),
    device: fc.constantFrom(0, 1, 2),
  }),
  { minLength: 10, maxLength: 30 },
);

function open(node: Parley, token: string, device: string): Client {
  const socket = io(node.url, {
    auth: { token, device: { id: device, platform: 'web' } },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  const client: Client = { socket, id: '', kicks: [], settled: Promise.resolve(), closedByItself: false };
  socket.on('session:kicked', (kick: { reason: string }) => client.kicks.push(kick));
  client.settled = new Promise((resolve) => {
    socket.once('connect', () => {
      client.id = socket.id ?? '';
      resolve();
    });
    socket.once('connect_error', (error: Error & { data?: Client['refusal'] }) => {
      client.refusal = error.data ?? { code: error.message };
      resolve();
    });
  });
  return client;
}

describe('sockets of one user on two nodes', () => {
  let nodes: [Parley, Parley];
  let app: TestApp;
  /** Everything that was let in, by socket. */
  const admitted = new Map<string, AdmittedSession>();

  beforeAll(async () => {
    const first = await startParley();
    nodes = [first, await first.another()];
    app = await anApp(first, { settings: { devicePolicy: { kind: 'multi', max: DEVICES_MAX } } });
    for (const node of nodes) {
      const gate = node.app.get<SessionGate>(SESSION_GATE, { strict: false });
      const admit = gate.admit.bind(gate);
      gate.admit = async (auth, context) => {
        const session = await admit(auth, context);
        admitted.set(context.socketId, session);
        return session;
      };
    }
  });
  afterAll(async () => {
    await nodes[1].stop();
    await nodes[0].stop();
  });

  interface Row {
    id: number;
    deviceId: string | null;
    generation: number;
    endedAt: Date | null;
    endReason: string | null;
  }
  const rowsOf = (userPk: number): Promise<Row[]> =>
    nodes[0].sql.rows<Row>('SELECT id, deviceId, generation, endedAt, endReason FROM sessions WHERE userPk = ?', [
      userPk,
    ]);
  const connectedNow = (userPk: number): Connection[] =>
    nodes.flatMap(({ app: node }) => [...node.get(Connections, { strict: false }).ofUser(userPk)]);

  /** What must hold once everybody has come to rest; throws what does not. */
  async function judge(user: TestUser, clients: readonly Client[]): Promise<void> {
    const [{ pk }] = await nodes[0].sql.rows<{ pk: number }>('SELECT id AS pk FROM users WHERE userId = ?', [
      user.userId,
    ]);
    const [rows, live] = [await rowsOf(pk), connectedNow(pk)];
    const byPk = new Map(rows.map((row) => [row.id, row]));
    for (const { caller, generation } of live) {
      expect(byPk.get(caller.sessionPk)).toMatchObject({ endedAt: null, generation });
    }
    const devices = live.map(({ deviceId }) => deviceId);
    expect(devices).toHaveLength(new Set(devices).size);
    expect(devices.length).toBeLessThanOrEqual(DEVICES_MAX);

    const liveSockets = new Set(live.map(({ socket }) => socket.id));
    for (const client of clients) {
      const { socket, kicks, closedByItself } = client;
      const session = admitted.get(client.id);
      if (client.refusal) {
        expect(client.refusal).toMatchObject({ code: 'TOKEN_REVOKED' });
        continue;
      }
      if (!session) continue;
      const row = byPk.get(session.caller.sessionPk);
      const newest = row?.endedAt === null && row.generation === session.generation;
      if (closedByItself) expect(kicks.length).toBeLessThanOrEqual(1);
      else if (newest)
        expect([socket.connected, kicks, liveSockets.has(session.caller.socketId ?? '')]).toEqual([true, [], true]);
      else expect([socket.connected, kicks.length, kicks[0]?.reason]).toEqual([false, 1, reasonOf(row, session)]);
    }
  }

  /** Why a socket had to go: for a newer one on its session, or as the session ended; whichever came first. */
  const reasonOf = (row: Row | undefined, { generation }: AdmittedSession): unknown =>
    row && row.generation > generation && row.endReason === null
      ? 'replaced'
      : expect.stringMatching(
          row?.endReason === 'logout' ? /^(replaced|multi-login|revoked)$/ : `^(replaced|${row?.endReason})$`,
        );

  it('exactly the newest of each device stays, whatever came in which order; every other was told why', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const user = await aUser(app);
        const logins: TestSession[] = await Promise.all([0, 1, 2].map(() => aSession(user)));
        const clients: Client[] = [];
        const acts: Promise<unknown>[] = [];
        for (const { afterMs, act, node, device } of plan) {
          await sleep(afterMs);
          if (act === 'connect') clients.push(open(nodes[node], logins[device].token, `device-${device}`));
          if (act === 'logout')
            acts.push(nodes[node].api.as({ bearer: logins[device].token }).delete('/v1/sessions/current'));
          if (act === 'log in again') acts.push(aSession(user).then((login) => (logins[device] = login)));
          if (act === 'close') {
            const open = clients.find(({ closedByItself, socket }) => !closedByItself && socket.connected);
            if (open) open.closedByItself = true;
            open?.socket.disconnect();
          }
        }
        await Promise.all([...acts, ...clients.map(({ settled }) => settled)]);
        try {
          await eventually(
            'everybody comes to rest as the rows say',
            () => judge(user, clients).then(() => true),
            5000,
          );
        } catch (error) {
          throw (error as Error).cause ?? error;
        } finally {
          for (const { socket } of clients) socket.disconnect();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it.each([0, 20])('of ten that connect %d ms apart exactly one stays, and the others are told so', async (apartMs) => {
    for (let round = 0; round < 6; round++) {
      const session = await aSession(await aUser(app));
      const clients: Client[] = [];
      for (let n = 0; n < 10; n++) {
        clients.push(open(nodes[round % 3 === 2 ? n % 2 : 0], session.token, 'phone'));
        await sleep(apartMs);
      }
      await Promise.all(clients.map(({ settled }) => settled));
      const staying = () => clients.filter(({ socket }) => socket.connected);
      await eventually(
        'one is left',
        () => staying().length === 1 && clients.flatMap(({ kicks }) => kicks).length === 9,
      );
      await sleep(200);
      expect(staying()).toHaveLength(1);
      for (const { kicks, socket } of clients) expect(kicks).toEqual(socket.connected ? [] : [{ reason: 'replaced' }]);
      for (const { socket } of clients) socket.disconnect();
    }
  });
});
