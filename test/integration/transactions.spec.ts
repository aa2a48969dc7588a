import fc from 'fast-check';
import { RowsText } from '../../src/platform/database/rows-text';
import { Sql } from '../../src/platform/database/sql';
import { eventually } from '../support/eventually';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';
import { TcpGate } from '../support/tcp-gate';

describe('transactions on a real database', () => {
  let database: ScratchDatabase;
  let sql: Sql;
  const kinds = async (): Promise<string[]> =>
    (await sql.rows<{ kind: string }>('SELECT kind FROM outbox ORDER BY id')).map(({ kind }) => kind);
  const OWE = "INSERT INTO outbox (id, kind, payload) VALUES (?, ?, '{}')";

  beforeAll(async () => {
    database = await aScratchDatabase();
    sql = new Sql(database.settings);
  }, 60_000);
  beforeEach(() => sql.run('DELETE FROM outbox'));
  afterAll(async () => {
    await sql.onApplicationShutdown();
    await database.drop();
  });

  it('keep nothing when the middle one of the statements that travel with COMMIT fails', async () => {
    const work = sql.transaction((tx) => {
      tx.later(OWE, [1, 'first']);
      tx.later(OWE, [1, 'the same key']);
      tx.later(OWE, [2, 'last']);
      return Promise.resolve();
    });
    await expect(work).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' });
    expect(await kinds()).toEqual([]);
  });

  it('keep nothing when the work goes on as if a failed statement had not been', async () => {
    const work = sql.transaction(async (tx) => {
      await tx.run(OWE, [1, 'first']);
      await tx.run(OWE, [1, 'the same key']).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' });
    expect(await kinds()).toEqual([]);
  });

  it('give each statement of a trip its own answer', async () => {
    const [rows, written, counted] = await sql.transaction((tx) =>
      Promise.all([
        tx.rows('SELECT 1 AS one UNION ALL SELECT 2'),
        tx.run(OWE, [5, 'fifth']),
        tx.rows('SELECT COUNT(*) AS n FROM outbox'),
      ]),
    );
    expect([rows, written.insertId, counted]).toEqual([[{ one: 1 }, { one: 2 }], 5, [{ n: 1 }]]);
    expect(await kinds()).toEqual(['fifth']);
  });

  it.each(["'; DELETE FROM outbox; -- ", "\\'; DELETE FROM outbox; -- ", '\\', '?; ?', '\0\n\x1a"'])(
    'take %j as a value and nothing else',
    async (text) => {
      const [[row]] = await sql.transaction((tx) =>
        Promise.all([tx.rows('SELECT ? AS said', [text]), tx.run(OWE, [1, 'kept'])]),
      );
      expect(row).toEqual({ said: text });
      expect(await kinds()).toEqual(['kept']);
    },
  );

  it('take rows written as one text as the values they were, whatever is in them', async () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(...`'"\\?;,()\0\n\r\x1a%_`), fc.string({ unit: 'grapheme' })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, fc.option(text), fc.nat(65535)), { minLength: 1 }), async (given) => {
        await sql.run('DELETE FROM outbox');
        const rows = given.map(([payload, reason, attempts], id) => [id + 1, 'x', payload, reason, attempts]);
        await sql.transaction((tx) => {
          tx.later('INSERT INTO outbox (id, kind, payload, reason, attempts) VALUES ?', [new RowsText(rows)]);
          return Promise.resolve();
        });
        const stored = await sql.rows('SELECT payload, reason, attempts FROM outbox ORDER BY id');
        expect(stored).toEqual(given.map(([payload, reason, attempts]) => ({ payload, reason, attempts })));
      }),
      { numRuns: 30 },
    );
  });

  it('and single statements refuse a text that holds several', async () => {
    await expect(sql.rows('SELECT 1; DELETE FROM outbox')).rejects.toThrow('more than one statement');
  });

  it('let go of what they hold when their node goes silent, on MariaDB', async () => {
    const [session] = await sql.rows<{ name: string; value: string }>(
      "SHOW SESSION VARIABLES WHERE Variable_name = 'idle_transaction_timeout'",
    );
    expect(Object.values(session ?? { on: 'MySQL', value: '5' })).toContain('5');
  });

  describe('behind a database that falls silent', () => {
    let gate: TcpGate;
    let silenced: Sql;
    const RETRY = { code: 'RETRY', cause: { code: 'ETIMEDOUT' } };
    beforeAll(async () => {
      gate = await TcpGate.to(database.url);
      const url = gate.url;
      silenced = new Sql(database.withEnv({ MYSQL_URL: url, MYSQL_POOL_SIZE: '2', MYSQL_TIMEOUT_MS: '500' }));
    });
    afterEach(() => gate.speak());
    afterAll(async () => {
      await silenced.onApplicationShutdown();
      await gate.shut();
    });

    it('answer RETRY in time, also to those who wait for a connection, and go on when it speaks', async () => {
      await silenced.rows('SELECT 1');
      gate.hush();
      const asked = Array.from({ length: 7 }, () => silenced.rows('SELECT 1'));
      await Promise.allSettled(asked);
      for (const one of asked) await expect(one).rejects.toMatchObject(RETRY);
      gate.speak();
      expect(await eventually('it is heard again', () => silenced.rows('SELECT 2 AS two'))).toEqual([{ two: 2 }]);
      expect(silenced.longestWaitMs).toBe(0);
    });

    it('answer RETRY when a COMMIT is not answered, and what it committed is there', async () => {
      const work = silenced.transaction(async (tx) => {
        await tx.run(OWE, [1, 'heard later']);
        gate.hush();
      });
      await expect(work).rejects.toMatchObject(RETRY);
      expect(await kinds()).toEqual([]);
      gate.speak();
      await eventually('the COMMIT on its way is heard', async () => (await kinds()).length === 1);
    });
  });
});
