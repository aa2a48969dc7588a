import { aConnectedUser, anApp, aSession, aUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { http } from '../support/http';
import { aText, upTo } from '../support/messages';
import { TcpGate } from '../support/tcp-gate';

jest.setTimeout(120_000);

const CREATIONS = 4;
const NAMES = 6;
const WRONG_MAX = 4;
const PASSWORDS = 10;

let gate: TcpGate;
let nodes: Parley[];
let app: TestApp;
beforeAll(async () => {
  gate = await TcpGate.to(process.env.REDIS_URL ?? '');
  const one = await startParley({
    REDIS_URL: gate.url,
    TRUST_PROXY: '1',
    LIMIT_CREATIONS_PER_HOUR: `${CREATIONS}`,
    LIMIT_NEW_NAMES_PER_HOUR: `${NAMES}`,
    LIMIT_FAILED_LOGINS_MAX: `${WRONG_MAX}`,
    LIMIT_PASSWORDS_PER_SECOND: '1',
    LIMIT_PASSWORDS_BURST: `${PASSWORDS}`,
  });
  nodes = [one, await one.another()];
  app = await anApp(one, { mode: 'arbitrary' });
});
afterAll(async () => {
  if (gate && !gate.isOpen) await gate.open();
  for (const node of [...(nodes ?? [])].reverse()) await node.stop();
  await gate?.shut();
});

const at = <T>(n: number, list: readonly T[]): T => list[n % list.length];
const spent = (budget: string) => ({ code: 'RATE_LIMITED', details: { budget }, retryAfterMs: expect.any(Number) });

/** A user's calls through one node after the other. */
async function everywhere() {
  const session = await aSession(await aUser(app));
  return (n: number) => http(at(n, nodes).url).as({ bearer: session.token });
}
const aWish = { name: 'A group', visibility: 'private' };
let named = 0;

describe('several nodes', () => {
  it('let a user make so many groups together, refused ones left out, through both doors', async () => {
    const user = await aConnectedUser(app, { at: nodes[0] });
    const other = http(at(1, nodes).url).as({ bearer: user.token });
    const answers = await Promise.all(
      upTo(16).map(async (n) => {
        if (n % 4 === 0) return (await other.post('/v1/groups', { ...aWish, maxMembers: 1, members: ['x1'] })).status;
        if (n % 2 === 0) return (await other.post('/v1/groups', aWish)).status;
        return (await user.device.ask('group:create', aWish as never)).ok ? 201 : 429;
      }),
    );
    expect(answers.filter((status) => status === 201)).toHaveLength(CREATIONS);
    expect(answers.filter((status) => status === 409)).toHaveLength(4);
    user.device.close();
  });

  it('let a user write to so many new names together', async () => {
    const user = await everywhere();
    const write = (n: number) => user(n).post('/v1/messages', aText(`new-name-${++named}`, 'hello'));
    for (const n of upTo(NAMES)) expect((await write(n)).status).toBe(201);
    for (const n of [1, 2]) expect(await write(n)).toMatchObject({ status: 429, body: { error: spent('newNames') } });
  });

  it('count wrong passwords of one address for an account together, and passwords of an address', async () => {
    const fixed = await anApp(at(0, nodes), { mode: 'fixed' });
    const { userId } = await aUser(fixed, { password: 'right password' });
    const logIn = (n: number, address: string, password: string, name = userId) => {
      const login = { appId: fixed.appId, userId: name, password };
      return at(n, nodes).api.post('/v1/sessions', login, { 'x-forwarded-for': address });
    };
    const statuses: number[] = [];
    for (const n of upTo(WRONG_MAX + 2)) statuses.push((await logIn(n, '10.9.9.1', `guess-${n}`)).status);
    expect(statuses).toEqual([...new Array<number>(WRONG_MAX).fill(401), 429, 429]);
    expect((await logIn(1, '10.9.9.2', 'right password')).status).toBe(201);

    const began = performance.now();
    const answers = await Promise.all(upTo(30).map((n) => logIn(n, '10.9.9.3', 'guess', `nobody-${n}`)));
    const seconds = (performance.now() - began) / 1000;
    const tried = answers.filter(({ status }) => status === 401).length;
    expect(tried).toBeGreaterThanOrEqual(PASSWORDS);
    expect(tried).toBeLessThanOrEqual(PASSWORDS + Math.ceil(seconds));
  });

  it('without Redis each go on with their share', async () => {
    // Each has made something lately, so both are known to share.
    const warm = await everywhere();
    for (const n of [0, 1, 0]) await warm(n).post('/v1/groups', aWish);
    const user = await everywhere();
    await gate.shut();
    const made = async (n: number): Promise<number> => {
      const answers = [];
      for (const _ of upTo(CREATIONS + 1)) answers.push((await user(n).post('/v1/groups', aWish)).status);
      return answers.filter((status) => status === 201).length;
    };
    expect([await made(0), await made(1)]).toEqual([CREATIONS / 2, CREATIONS / 2]);
    await gate.open();
    await eventually('they count together again', async () => {
      const fresh = await everywhere();
      const statuses = [];
      for (const n of upTo(CREATIONS + 2)) statuses.push((await fresh(n).post('/v1/groups', aWish)).status);
      return statuses.filter((status) => status === 201).length === CREATIONS;
    });
  });
});
