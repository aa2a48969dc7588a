import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';

describe('a database that has no room left', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley();
  }, 60_000);
  afterAll(() => parley.stop());

  const ready = async () => (await parley.api.get('/health/ready')).status;

  it.each([1114, 1021])('answers with error %d, and the node says that it is not ready', async (errorNumber) => {
    await eventually('it is ready', async () => (await ready()) === 200, 15_000);
    const full = `SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errorNumber}`;
    await expect(parley.sql.transaction((tx) => tx.run(full))).rejects.toMatchObject({ code: 'RETRY' });
    await eventually('it says so', async () => (await ready()) === 503);
  });
});
