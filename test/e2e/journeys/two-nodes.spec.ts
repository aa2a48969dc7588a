import { join } from 'node:path';
import { anApp, aSession, aUser } from '../../support/builders';
import { Deployment, type ServerProcess } from '../../support/deployment';
import { OPERATOR_TOKEN } from '../../support/harness';
import { eventually } from '../../support/eventually';
import { ok } from '../../support/http';
import { aText } from '../../support/messages';
import { connect } from '../../support/socket';

jest.setTimeout(90_000);

const AHEAD_MS = 120_000;

describe('of two nodes', () => {
  const deployment = new Deployment();
  let right: ServerProcess;
  let ahead: ServerProcess;
  beforeAll(async () => {
    const database = await deployment.database();
    const env = { REDIS_PREFIX: `t-${database.port}`, ROLE: 'api' };
    right = await deployment.server(database.url, process.env.REDIS_URL ?? '', env);
    ahead = await deployment.server(database.url, process.env.REDIS_URL ?? '', {
      ...env,
      NODE_OPTIONS: `--require=${join(__dirname, '..', '..', 'support', 'clock-ahead.cjs')}`,
      CLOCK_AHEAD_MS: String(AHEAD_MS),
    });
  });
  afterAll(() => deployment.end());

  it('one with a clock two minutes ahead issues tokens that hold on the other, and says that its clock is wrong', async () => {
    const app = await anApp(ahead);
    const session = await aSession(await aUser(app));
    const device = await connect(right.url, session.token);
    await device.tell('message:send', aText(session.user.userId, 'by the token of the other node'));
    device.close();
    const there = right.api.as({ bearer: session.token });
    expect((await there.get('/v1/conversations')).status).toBe(200);

    const health = await ok(
      ahead.api.get<{ ready: boolean; clock: { agrees: boolean; offsetMs: number } }>('/health/ready'),
    );
    expect(health).toMatchObject({ ready: true, clock: { agrees: false } });
    expect(Math.abs(health.clock.offsetMs - AHEAD_MS)).toBeLessThan(5000);
    expect((await ok(right.api.get('/health/ready'))).clock).toMatchObject({ agrees: true });
    const offset = /^parley_clock_offset_seconds (\S+)$/m.exec(
      String((await ahead.api.as({ bearer: OPERATOR_TOKEN }).get('/metrics')).body),
    )?.[1];
    expect(Math.abs(Number(offset) - AHEAD_MS / 1000)).toBeLessThan(5);
    expect(ahead.output).toMatch(/clock of this machine is 1\d\d\.\d s ahead/);
    expect(right.output).not.toContain('clock of this machine');
  });

  it('each says that polling needs sticky sessions, and so does the answer to a poll that came to the wrong one', async () => {
    for (const node of [right, ahead]) await eventually('it is said', () => /sticky sessions/.test(node.output));
    const opened = await fetch(`${right.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const strayed = await fetch(`${ahead.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
      method: 'POST',
      body: '40',
    });
    expect(strayed.status).toBe(400);
    expect(await strayed.json()).toEqual({
      code: 1,
      message: expect.stringMatching(/^Session ID unknown.*sticky sessions/s),
    });
  });
});
