import { writeCursor } from '../../src/platform/entry/cursor';
import { aConnectedUser, anApp, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Answer } from '../support/http';
import { credentialOf, keyOf } from '../support/matrix/cells';
import { routeInputs } from '../support/matrix/inputs';
import { absent, callAs, owned, Stage, withoutTrace, type Told } from '../support/matrix/judge';
import { refusal } from '../support/matrix/refusals';
import { ALL_ROWS } from '../support/matrix/rows';
import { rowCounts } from '../support/matrix/stored';

let parley: Parley;
let scenes: Awaited<ReturnType<Stage['scenes']>>;
beforeAll(async () => {
  parley = await startParley();
  scenes = await new Stage(parley).scenes('names');
});
afterAll(() => parley.stop());

const ownerOf = (name: string) => {
  const { as } = ALL_ROWS[name] ?? { as: 'anyone' as const };
  return credentialOf(as === 'operator' ? 'operator' : 'owner', as, scenes);
};

describe('a name in a path', () => {
  /** No name of ours: beyond ASCII, aimed at files or statements, or longer than a name can be. */
  const STRANGE = [
    'ü',
    '中文',
    '😀',
    ' ',
    'a b',
    "' OR 1=1 -- ",
    '../../etc/passwd',
    '\u0000',
    '%2e%2e',
    'a\r\nX-Evil: 1',
    '__proto__',
    '${7*7}',
    'x'.repeat(300),
  ];
  const routes = Object.entries(ALL_ROWS).filter(([name]) => name === keyOf(name) && name.includes('/:'));

  it.each(routes)('that cannot exist answers as one that does not: %s', async (name, row) => {
    const none = absent(scenes);
    const ids = ['appId', 'accountSid', 'userId', 'conversationId', 'sessionId', 'groupId', 'chatroomId'] as const;
    const things = { ...owned(scenes, 'twin') };
    // The user whom the path of a group or a room names is somebody else than the caller.
    const ofOthers = /\/(groups|chatrooms|chatroom-super-admins)\//.test(name);
    const rowsName = (id: (typeof ids)[number]) => (id === 'userId' && ofOthers ? 'peerId' : id);
    const inPath = ids.filter((id) => name.includes(`:${id}`)).map(rowsName);
    const ask = (told: typeof things): Promise<Told> => callAs(parley, ownerOf(name), name, row.call(told));
    const problems: string[] = [];
    for (const id of inPath) {
      const expected = await ask({ ...things, [id]: none[id] });
      for (const strange of STRANGE) {
        const told = await ask({ ...things, [id]: encodeURIComponent(strange) });
        const same = told.status === expected.status && withoutTrace(told.text) === withoutTrace(expected.text);
        if (!same || told.status !== 404) problems.push(`${id} = ${strange}: ${told.status} ${told.text}`);
      }
    }
    expect(problems).toEqual([]);
  });

  it('that cannot be decoded is refused', async () => {
    for (const path of ['/v1/users/%', '/v1/users/%zz', '/v1/conversations/%ff/messages']) {
      const { status, told } = await refusal(parley.url, 'GET', path, scenes.mine.world.app.credential);
      expect({ path, status, field: told.field }).toEqual({ path, status: 400, field: 'path' });
    }
  });
});

describe('a query', () => {
  const LIMITS = ['101', '0', '-1', 'abc', '1.5', '', '1e3', '0x10', '99999999999999999999', 'null', '[]'];
  /** Not what any list wrote. */
  const BROKEN = ['x', '!!', '%00', 'W10', 'e30', 'bnVsbA', `${writeCursor(1)}x1`, 'A'.repeat(600)];
  /** Written as a cursor is, with keys that no list has. */
  const FORGED = [
    writeCursor('ü'),
    writeCursor('\u0000'),
    writeCursor(-1),
    writeCursor(Number.MAX_SAFE_INTEGER),
    writeCursor(-8.64e15, 1),
    writeCursor(9e15, 1),
    writeCursor('after', -5),
    writeCursor('sideways', 1),
    writeCursor('before', Number.MAX_SAFE_INTEGER),
  ];
  const TIMES = [
    'abc',
    '2026-01-31T09:30:00',
    '2026-01-31T09:30:00.000',
    '2026-01-31',
    '2026-W01',
    '20260101T000000Z',
    '2026-13-01T00:00:00Z',
    '+275760-09-14',
    '',
  ];

  it('out of range, broken, forged, repeated or unknown is refused by name, and never breaks a list', async () => {
    const before = await rowCounts(parley.sql);
    const lists = (await routeInputs(parley)).filter(({ query }) => 'limit' in query);
    expect(lists.length).toBeGreaterThan(4);
    const problems: string[] = [];
    for (const { name, query } of lists) {
      const path = ALL_ROWS[name]?.call(owned(scenes, 'twin')).path.split('?')[0] ?? '';
      const ask = (text: string) => refusal(parley.url, 'GET', `${path}?${text}`, ownerOf(name));
      const refused = async (text: string, field: string): Promise<void> => {
        const { fault, told } = await ask(text);
        if (fault ?? told.field !== field) problems.push(`${name}?${text.slice(0, 60)}: ${fault ?? told.field}`);
      };
      for (const limit of LIMITS) await refused(`limit=${encodeURIComponent(limit)}`, 'limit');
      for (const cursor of BROKEN) await refused(`cursor=${cursor}`, 'cursor');
      for (const field of Object.keys(query)) await refused(`${field}=1&${field}=2`, field);
      for (const field of ['appId', 'userPk', 'order', 'isAdmin', 'toString']) await refused(`${field}=1`, field);
      for (const time of 'from' in query ? TIMES : []) await refused(`from=${encodeURIComponent(time)}`, 'from');
      const loose = [...FORGED.map((cursor) => `cursor=${cursor}`), '__proto__=1'];
      for (const text of loose) {
        const { status, told, fault } = await ask(text);
        if (status !== 200 && fault) problems.push(`${name}?${text}: ${status} ${told.code} ${told.message}`);
      }
    }
    expect(problems).toEqual([]);
    expect(await rowCounts(parley.sql)).toEqual(before);
  });

  it('of presence takes names that nobody can have, and a hundred at most', async () => {
    const { api } = scenes.mine.world.app;
    const strange = ['ü', "' OR 1=1", '__proto__'];
    const { items } = await ok(api.get(`/v1/presence?userIds=${strange.map(encodeURIComponent).join()}`));
    expect(items).toEqual(strange.map((userId) => ({ userId, online: false })));
    const many = await api.get(`/v1/presence?userIds=${new Array(101).fill('x').join()}`);
    expect(many).toMatchObject({ status: 400, body: { error: { field: 'userIds' } } });
  });
});

describe('a user id of arbitrary mode (Y14)', () => {
  let app: TestApp;
  let ann: ConnectedUser;
  beforeAll(async () => {
    app = await anApp(parley);
    ann = await aConnectedUser(app);
  });

  const login = (userId: unknown): Promise<Answer> =>
    parley.api.post('/v1/sessions', { appId: app.appId, appToken: app.appToken, userId });
  const message = (id: string) => ({
    to: { kind: 'user' as const, id },
    clientMessageId: Math.random().toString(36).slice(2).padEnd(16, '0'),
    type: 'text',
    body: { text: 'Hello' },
  });

  const BAD = [
    '中文名字',
    'gopher',
    'Gopher',
    'x'.repeat(65),
    'with space',
    'a/b/c/d',
    'naïve',
    'smile😀',
    'null\u0000',
    '',
  ];
  it.each(BAD)('is refused by name at every door, and nobody comes into being: %j', async (name) => {
    const before = await rowCounts(parley.sql);
    for (const answer of [await login(name), await app.api.post('/v1/users', { userId: name })]) {
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field: 'userId' } } });
    }
    if (name !== '') {
      const token = await app.api.post(`/v1/users/${encodeURIComponent(name)}/tokens`, {});
      expect(token).toMatchObject({ status: 400, body: { error: { field: 'userId' } } });
    }
    const sent = await ann.device.ask('message:send', message(name));
    expect(sent).toMatchObject({ ok: false, error: { code: expect.stringMatching(/INVALID_REQUEST|USER_NOT_FOUND/) } });
    const posted = await app.api.post('/v1/messages', message(name));
    expect(posted.status).toBeLessThan(500);
    expect(posted.status).toBeGreaterThanOrEqual(400);
    expect(await rowCounts(parley.sql)).toEqual(before);
  });

  it.each([5, null, true, ['ann12'], { id: 'ann12' }])('is a string and nothing else: %j', async (userId) => {
    for (const answer of [await login(userId), await app.api.post('/v1/users', { userId })]) {
      expect(answer).toMatchObject({ status: 400, body: { error: { field: 'userId' } } });
    }
  });

  it.each(['a', 'abcde', 'A.b_c-d@e', '12345', 'x'.repeat(64)])(
    'may be %s, in this case and no other',
    async (userId) => {
      expect((await login(userId)).body).toMatchObject({ userId });
      expect(await app.api.get(`/v1/users/${userId}`)).toMatchObject({ status: 200, body: { userId } });
      const otherCase = userId.toUpperCase() === userId ? userId.toLowerCase() : userId.toUpperCase();
      if (otherCase !== userId) expect((await app.api.get(`/v1/users/${otherCase}`)).status).toBe(404);
    },
  );

  it('has the length that the app decides', async () => {
    const short = await anApp(parley, {
      developer: app.developer,
      settings: { userIdRule: { minLength: 2, maxLength: 3 } },
    });
    expect((await aUser(short, { userId: 'ab' })).userId).toBe('ab');
    expect(await short.api.post('/v1/users', { userId: 'abcd' })).toMatchObject({ status: 400 });
  });

  it('of a batch is judged alone: the good ones come into being, each bad one names its field', async () => {
    const wanted = [
      { userId: 'batch-good' },
      { userId: 'gopher' },
      5,
      null,
      { userId: 'batch-two', isAdmin: true },
      {},
    ];
    const { items } = await ok<{ items: { ok: boolean; error?: { field: string } }[] }>(
      app.api.post('/v1/users', wanted),
    );
    expect(items.map((item) => item.ok)).toEqual([true, false, false, false, false, false]);
    expect(items.map(({ error }) => error?.field)).toEqual([undefined, 'userId', 'body', 'body', 'isAdmin', 'userId']);
    expect((await app.api.get('/v1/users/batch-two')).status).toBe(404);
    for (const batch of [[], new Array(101).fill({ userId: 'too-many' })]) {
      expect(await app.api.post('/v1/users', batch)).toMatchObject({ status: 400, body: { error: { field: 'body' } } });
    }
  });
});
