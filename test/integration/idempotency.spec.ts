import { randomUUID } from 'node:crypto';
import { anApp, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';

describe('a creating call with an Idempotency-Key', () => {
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley, { mode: 'fixed' });
  });
  afterAll(() => parley.stop());

  const create = (key: string, body: object, by = app) => by.api.post('/v1/users', body, { 'idempotency-key': key });
  const usersNamed = async (userId: string) =>
    (await parley.sql.rows('SELECT id FROM users WHERE userId = ?', [userId])).length;

  it('answers a repeat as it answered the first, the secret shown once included', async () => {
    const key = randomUUID();
    const first = await create(key, { userId: 'ann01' });
    const repeat = await create(key, { userId: 'ann01' });
    expect(first.status).toBe(201);
    expect(first.body.password).toBeDefined();
    expect({ status: repeat.status, body: repeat.body }).toEqual({ status: 201, body: first.body });
    expect(repeat.headers.get('idempotent-replayed')).toBe('true');
    expect(await usersNamed('ann01')).toBe(1);
  });

  it('keeps the answer sealed', async () => {
    const { body } = await create(randomUUID(), { userId: 'sealed' });
    const rows = await parley.sql.rows<{ answerSealed: Buffer }>('SELECT answerSealed FROM idempotency_keys');
    expect(rows.length).toBeGreaterThan(0);
    for (const { answerSealed } of rows) expect(answerSealed.includes(String(body.password))).toBe(false);
  });

  it('refuses the key for another content', async () => {
    const key = randomUUID();
    await create(key, { userId: 'bob01' });
    const other = await create(key, { userId: 'bob02' });
    expect({ status: other.status, code: String(other.body.error.code) }).toEqual({
      status: 409,
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect(await usersNamed('bob02')).toBe(0);
  });

  it('lets exactly one of many at once create; the others wait for its answer and get it', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(key, { userId: 'racer' })));
    for (const { status, body } of answers) expect([status, body]).toEqual([201, answers[0].body]);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(11);
    expect(await usersNamed('racer')).toBe(1);
  });

  it('goes on by itself when the first call that it waited for was refused', async () => {
    const key = randomUUID();
    await create(key, { userId: 'second' });
    const running = 'UPDATE idempotency_keys SET status = NULL, answerSealed = NULL WHERE idempotencyKey = ?';
    await parley.sql.run(running, [key]);
    const repeat = create(key, { userId: 'second' });
    await parley.sql.run('DELETE FROM idempotency_keys WHERE idempotencyKey = ?', [key]);
    expect((await repeat).status).toBe(409);
  });

  it('is told to come again when the first call takes longer than anybody waits', async () => {
    const key = randomUUID();
    await create(key, { userId: 'slow' });
    await parley.sql.run(
      'UPDATE idempotency_keys SET status = NULL, answerSealed = NULL, createdAt = NOW(3) WHERE idempotencyKey = ?',
      [key],
    );
    const { status, body } = await create(key, { userId: 'slow' });
    expect([status, body.error]).toMatchObject([503, { code: 'RETRY', retryAfterMs: expect.any(Number) }]);
  });

  it('gives the key back after a refusal', async () => {
    const key = randomUUID();
    expect((await create(key, { userId: 'not a valid id' })).status).toBe(400);
    expect((await create(key, { userId: 'valid1' })).status).toBe(201);
  });

  it('means nothing to another caller', async () => {
    const other = await anApp(parley, { mode: 'fixed' });
    const key = randomUUID();
    const [mine, theirs] = [await create(key, { userId: 'shared' }), await create(key, { userId: 'shared' }, other)];
    expect(mine.status).toBe(201);
    expect(theirs.status).toBe(201);
    expect(theirs.body.password).not.toBe(mine.body.password);
  });

  it('is taken over when the process of the first call died', async () => {
    const key = randomUUID();
    await create(key, { userId: 'orphan' });
    await parley.sql.run(
      'UPDATE idempotency_keys SET status = NULL, answerSealed = NULL, createdAt = DATE_SUB(NOW(3), INTERVAL 2 MINUTE) WHERE idempotencyKey = ?',
      [key],
    );
    // The creation itself then decides: this user exists already.
    expect((await create(key, { userId: 'orphan' })).status).toBe(409);
  });

  it('must be a key', async () => {
    const { status, body } = await create('spaces are no key', { userId: 'nobody' });
    expect({ status, field: String(body.error.field) }).toEqual({ status: 400, field: 'Idempotency-Key' });
  });
});
