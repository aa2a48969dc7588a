import { io } from 'socket.io-client';
import { Sql } from '../../src/platform/database/sql';
import { Overload } from '../../src/platform/realtime/overload';
import { aConnectedUser, anApp, aSession, aUser } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';

/** What a handshake comes to, tried once. */
const handshake = async (url: string, token: string): Promise<string> => {
  const socket = io(url, {
    auth: { token, device: { id: 'phone', platform: 'test' } },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve('let in'));
      socket.once('connect_error', (error: Error & { data?: { code: string } }) => resolve(String(error.data?.code)));
    });
  } finally {
    socket.disconnect();
  }
};

describe('a database that cannot keep up', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley({ MYSQL_POOL_SIZE: '2' });
  });
  afterAll(() => parley.stop());

  it('keeps new sockets out with BUSY while calls wait for a connection, and lets them in once none does', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aConnectedUser(app), await aUser(app)];
    const { token } = await aSession(bob);
    const overload = parley.app.get(Overload, { strict: false });
    const sql = parley.app.get(Sql, { strict: false });
    expect([overload.now, sql.longestWaitMs]).toEqual([false, 0]);

    const held = [await sql.pool.getConnection(), await sql.pool.getConnection()];
    const sending = ok(ann.api.post('/v1/messages', aText(bob.userId, 'waits')));
    await eventually('the pressure is felt', () => overload.now);
    expect(await handshake(parley.url, token)).toBe('BUSY');
    for (const connection of held) connection.release();

    expect(await sending).toMatchObject({ seq: 1 });
    await eventually('it is over', () => !overload.now);
    expect(sql.longestWaitMs).toBe(0);
    expect(await handshake(parley.url, token)).toBe('let in');
  });
});
