import { createConnection, type Connection } from 'mysql2/promise';
import { dataSourceOptions } from '../../src/platform/database/data-source';
import { openDataSource } from '../../src/platform/database/schema-guard';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

describe('the schema guard', () => {
  let database: ScratchDatabase;
  let admin: Connection;
  beforeEach(async () => {
    database = await aScratchDatabase();
    admin = await createConnection({ uri: database.url });
  });
  afterEach(async () => {
    await admin.end();
    await database.drop();
  });

  const tables = async (): Promise<string[]> => {
    const [rows] = await admin.query('SHOW TABLES');
    return (rows as Record<string, string>[]).map((row) => String(Object.values(row)[0])).sort();
  };
  const emptied = async (): Promise<string[]> => {
    const before = await tables();
    for (const table of before) await admin.query(`DROP TABLE ${table}`);
    return before;
  };

  it('builds the whole schema on an empty database, whichever of several starts comes first', async () => {
    const expected = await emptied();
    const opened = await Promise.all([1, 2, 3].map(() => openDataSource(dataSourceOptions(database.url))));
    expect(await tables()).toEqual(expected);
    const [rows] = await admin.query('SELECT name FROM migrations');
    expect(rows).toHaveLength(opened[0]?.migrations.length ?? -1);
    await Promise.all(opened.map((dataSource) => dataSource.destroy()));
  });

  it('refuses a database that is newer than the program, by name, and changes nothing', async () => {
    await admin.query("INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')");
    const before = await tables();
    await expect(openDataSource(dataSourceOptions(database.url))).rejects.toThrow(/newer.*FromTheFuture9999999999999/);
    expect(await tables()).toEqual(before);
  });
});
