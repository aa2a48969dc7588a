import { createConnection } from 'mysql2/promise';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isAlive, type Identity } from '../../scripts/lib/processes.mjs';
import { eventually, fixture, Place } from './support';

/** Enough for a new database and Redis, and little more. */
const SIZE = '220m';

/** A file system of one's own takes a user namespace, which some machines forbid to all but root. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  let place: Place;
  beforeEach(() => (place = new Place()));
  afterEach(() => place.end());

  (mayMount() ? it : it.skip)(
    'ends neither the launcher nor, for good, its servers: they come back with every committed row when there is room',
    async () => {
      const run = place.run([fixture('small-disk.mjs'), SIZE]);
      const { MYSQL_URL = '' } = await run.given();
      const connection = await createConnection(MYSQL_URL);
      await connection.query('CREATE TABLE kept (value INT PRIMARY KEY)');
      await connection.query('INSERT INTO kept VALUES (1), (2)');
      connection.destroy();

      const inside = (name: string): string => `/proc/${appPid(run.output)}/root${place.dir}/${name}`;
      const processes = JSON.parse(readFileSync(inside('processes.json'), 'utf8')) as Record<string, Identity>;
      const filler = inside('filler');
      expect(() => writeFileSync(filler, Buffer.alloc(300 * 1024 * 1024))).toThrow('ENOSPC');
      process.kill(processes.redis.pid, 'SIGKILL');
      process.kill(processes.mysql.pid, 'SIGKILL');
      await run.says('The list of processes could not be written: ENOSPC');
      await run.says('restarting ', 2);
      expect(isAlive(processes.app)).toBe(true);

      rmSync(filler);
      // A MariaDB that waits for room looks once a minute.
      for (const name of ['mysql', 'redis']) {
        const back = `The private ${name} server is back.`;
        await eventually(
          () => `"${back}" in:\n${run.output}`,
          () => run.output.includes(back),
          120_000,
        );
      }
      const again = await createConnection(MYSQL_URL);
      const [rows] = await again.query('SELECT value FROM kept ORDER BY value');
      again.destroy();
      expect(rows).toEqual([{ value: 1 }, { value: 2 }]);
      run.kill('SIGTERM');
      expect(await run.exited).toBe(0);
      await eventually(
        () => 'every process has ended',
        () => !Object.values(processes).some(isAlive),
      );
    },
    240_000,
  );
});

/** The stand-in says its own. */
const appPid = (output: string): string => /^up .*"pid":(\d+)/m.exec(output)?.[1] ?? '';
