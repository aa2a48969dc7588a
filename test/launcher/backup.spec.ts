import { createConnection, type Connection } from 'mysql2/promise';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { dataSourceOptions } from '../../src/platform/database/data-source';
import { openDataSource } from '../../src/platform/database/schema-guard';
import { ensureBinaries } from '../../scripts/lib/binaries.mjs';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';
import { Place, type Run } from './support';

const SCRIPTS = join(__dirname, '../../scripts');
const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');
/** Bytes that are not text, text of four bytes a character, and what a shell or SQL might take for its own. */
const ODD = { binary: Buffer.from([0, 255, 10, 13, 26, 39, 92]), text: `👍🏽 'quoted' \\n; -- "$HOME"\u0000` };

const rowsOf = async (connection: Connection, sql: string) =>
  (await connection.query(sql))[0] as Record<string, unknown>[];
const tablesOf = async (connection: Connection): Promise<string[]> =>
  (await rowsOf(connection, 'SHOW TABLES')).map((row) => String(Object.values(row)[0])).sort();

/** Rows of a few tables, by hand: the tools must not care what they mean. */
async function fill(url: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  await connection.query("INSERT INTO store_state (name, value) VALUES ('epoch', 'old'), ('other', 'kept')");
  await connection.query('INSERT INTO push_settings (userPk, appPk, nickname) VALUES (1, 1, ?)', [ODD.text]);
  await connection.query(
    "INSERT INTO idempotency_keys (owner, idempotencyKey, `call`, fingerprint, status, answerSealed) VALUES ('app:1', 'k', 'POST /', ?, 200, ?)",
    [Buffer.alloc(16, 7), ODD.binary],
  );
  await connection.end();
}

/** What `fill` left, and the epoch, which a restore takes away. */
async function look(url: string): Promise<unknown[]> {
  const connection = await createConnection({ uri: url });
  const found = [
    ...(await rowsOf(connection, 'SELECT name, value FROM store_state ORDER BY name')),
    ...(await rowsOf(connection, 'SELECT answerSealed FROM idempotency_keys')),
    ...(await rowsOf(connection, 'SELECT nickname FROM push_settings')),
    await tablesOf(connection),
  ];
  await connection.end();
  return found;
}

describe('npm run backup, npm run restore', () => {
  let place: Place;
  /** Where the tools are: installed or unpacked once, as `npm start` would, and not for each run. */
  let tools: Record<string, string>;
  beforeAll(async () => {
    const found = await ensureBinaries({ needs: ['dump'], dataDir: join(SCRIPTS, '../.data'), log: () => undefined });
    const { dump = '', env = {} } = found.dump ?? {};
    tools = { LD_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? '', PATH: [dirname(dump), process.env.PATH].join(delimiter) };
  }, 300_000);
  const databases: ScratchDatabase[] = [];
  beforeEach(() => (place = new Place()));
  afterEach(async () => {
    await place.end();
    await Promise.all(databases.splice(0).map((database) => database.drop()));
  });

  const scratch = async (): Promise<string> => {
    const database = await aScratchDatabase();
    databases.push(database);
    return database.url;
  };
  const file = () => join(place.dir, 'out', 'backup.sql.gz');
  const backup = (env: Record<string, string>, ...args: string[]): Run =>
    place.run([join(SCRIPTS, 'backup.mjs'), file(), ...args], { ENCRYPTION_KEY: KEY, ...tools, ...env });
  const restore = (env: Record<string, string>, ...args: string[]): Run =>
    place.run([join(SCRIPTS, 'restore.mjs'), file(), ...args], { ENCRYPTION_KEY: KEY, ...tools, ...env });
  const ended = async (run: Run): Promise<string> => {
    expect([await run.exited, run.output]).toEqual([0, run.output]);
    return run.output;
  };

  it('bring every row and byte into another database, in the place of what is there, as another life of the store', async () => {
    const [from, to] = [await scratch(), await scratch()];
    await fill(from);
    const connection = await createConnection({ uri: to });
    await connection.query('CREATE TABLE of_a_later_version (id INT PRIMARY KEY)');
    await connection.end();

    expect(await ended(backup({ MYSQL_URL: from }))).toContain('Keep the ENCRYPTION_KEY too');
    await ended(restore({ MYSQL_URL: to }, '--yes'));
    const [epoch, ...rest] = await look(from);
    expect(epoch).toEqual({ name: 'epoch', value: 'old' });
    expect(await look(to)).toEqual(rest);
    const opened = await openDataSource(dataSourceOptions(to));
    await opened.destroy();
  });

  it('leave no file where the database cannot be copied, and overwrite none', async () => {
    const url = await scratch();
    const wrong = new URL(url);
    wrong.password = 'wrong';
    const refused = backup({ MYSQL_URL: wrong.href });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toMatch(/does not answer.*Access denied/s);
    expect(existsSync(join(place.dir, 'out'))).toBe(false);

    await ended(backup({ MYSQL_URL: url }));
    expect(readdirSync(join(place.dir, 'out'))).toEqual(['backup.sql.gz']);
    const again = backup({ MYSQL_URL: url });
    expect(await again.exited).toBe(1);
    expect(again.output).toContain('exists already');
  });

  it('say of a full disk or a place without a folder which file could not be written, and leave nothing', async () => {
    const url = await scratch();
    await fill(url);
    mkdirSync(join(place.dir, 'out'));
    symlinkSync('/dev/full', `${file()}.partial`);
    const full = backup({ MYSQL_URL: url });
    expect(await full.exited).toBe(1);
    expect(full.output).toContain(`The backup could not be written to ${file()} (ENOSPC)`);
    expect(full.output).not.toContain('npm start');
    expect(readdirSync(join(place.dir, 'out'))).toEqual([]);

    rmSync(join(place.dir, 'out'), { recursive: true });
    writeFileSync(join(place.dir, 'out'), 'a file');
    const homeless = backup({ MYSQL_URL: url });
    expect(await homeless.exited).toBe(1);
    expect(homeless.output).toContain(`The backup could not be written to ${file()} (`);
  });

  it('change nothing with half a file, another key, a node still connected, or nobody who said yes', async () => {
    const url = await scratch();
    await fill(url);
    const before = await look(url);
    await ended(backup({ MYSQL_URL: url }));
    const whole = readFileSync(file());
    const refusal = async (run: Run, says: string) => {
      expect(await run.exited).toBe(1);
      expect(run.output).toContain(says);
      expect(await look(url)).toEqual(before);
    };
    await refusal(restore({ MYSQL_URL: url }), 'Say so with --yes');
    await refusal(restore({ MYSQL_URL: url, ENCRYPTION_KEY: OTHER_KEY }, '--yes'), 'another ENCRYPTION_KEY');
    const node = await createConnection({ uri: url });
    await refusal(restore({ MYSQL_URL: url }, '--yes'), 'Stop every node first');
    await node.end();
    writeFileSync(file(), whole.subarray(0, whole.length / 2));
    await refusal(restore({ MYSQL_URL: url }, '--yes'), 'cannot be read as a backup');
    writeFileSync(file(), gzipSync(gunzipSync(whole).subarray(0, -100)));
    await refusal(restore({ MYSQL_URL: url }, '--yes'), 'is not a whole backup');
  });

  it('that broke off halfway are noticed by the next start, and by nobody as success', async () => {
    const url = await scratch();
    await ended(backup({ MYSQL_URL: url }));
    const text = gunzipSync(readFileSync(file())).toString();
    const middle = text.indexOf('CREATE TABLE `messages`');
    writeFileSync(file(), gzipSync(`${text.slice(0, middle)}NONSENSE;\n${text.slice(middle)}`));
    const run = restore({ MYSQL_URL: url }, '--yes');
    expect(await run.exited).toBe(1);
    expect(run.output).toContain('The restore broke off');
    await expect(openDataSource(dataSourceOptions(url))).rejects.toThrow('a restore has not come to its end');
  });

  it('take the private database as it runs, and put it back when it does not', async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1', ENCRYPTION_KEY: '' };
    const running = place.start(env);
    const { MYSQL_URL = '' } = await running.given();
    await (await openDataSource(dataSourceOptions(MYSQL_URL))).destroy();
    await fill(MYSQL_URL);
    const [, ...kept] = await look(MYSQL_URL);
    await ended(backup(env));
    const connection = await createConnection({ uri: MYSQL_URL });
    await connection.query('DELETE FROM idempotency_keys');
    await connection.end();
    const early = restore(env, '--yes');
    expect(await early.exited).toBe(1);
    expect(early.output).toContain('already running');
    running.kill('SIGTERM');
    await running.exited;

    await ended(restore(env, '--yes'));
    const next = place.start(env);
    const again = await next.given();
    expect(await look(again.MYSQL_URL ?? '')).toEqual(kept);
    rmSync(join(place.dir, 'encryption.key'));
    const keyless = restore(env, '--yes');
    expect(await keyless.exited).toBe(1);
    expect(keyless.output).toContain('There is no');
  }, 90_000);

  it('use the tools inside the database container of docker compose', async () => {
    const url = await scratch();
    await fill(url);
    const { hostname, port, username, password, pathname } = new URL(url);
    const bin = join(place.dir, 'bin');
    const [dirOfTools] = (tools.PATH ?? '').split(delimiter);
    mkdirSync(bin);
    // Stands in for docker: what it would run in the container runs here, against the scratch database.
    writeFileSync(
      join(bin, 'docker'),
      `#!/bin/sh
[ "$1 $2 $4 $5 $6" = "compose --project-directory exec -T mysql" ] || { echo "docker was called with: $*" >&2; exit 64; }
shift 6
export MYSQL_PASSWORD='${password}' PATH='${bin}':"$PATH"
exec "$@"
`,
    );
    for (const tool of ['mysqldump', 'mysql']) {
      const args = `--no-defaults --protocol=tcp --host=${hostname} --port=${port} --user=${username}`;
      writeFileSync(
        join(bin, tool),
        `#!/bin/bash
declare -a args=()
for arg in "$@"; do
  case "$arg" in
    --user=parley | --set-gtid-purged=OFF | --column-statistics=0) ;;
    parley) args+=("${pathname.slice(1)}") ;;
    *) args+=("\${arg/=parley./=${pathname.slice(1)}.}") ;;
  esac
done
exec ${dirOfTools}/${tool} ${args} "\${args[@]}"
`,
      );
    }
    for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
    const env = { PATH: [bin, tools.PATH].join(delimiter), COMPOSE_DIR: place.dir };
    writeFileSync(join(place.dir, '.env'), `ENCRYPTION_KEY=${KEY}\n`);
    const [, ...kept] = await look(url);
    await ended(backup(env, '--compose'));
    const connection = await createConnection({ uri: url });
    await connection.query('DELETE FROM idempotency_keys');
    await connection.end();
    await ended(restore(env, '--compose', '--yes'));
    expect(await look(url)).toEqual(kept);
  });

  it.each(['backup', 'restore'])(
    '%s says how it is called when asked, and when it is called otherwise',
    async (name) => {
      const call = (...args: string[]): Run => place.run([join(SCRIPTS, `${name}.mjs`), ...args], tools);
      expect(await ended(call('--help'))).toContain(`npm run ${name} -- `);
      const wrong = call('--everything');
      expect(await wrong.exited).toBe(2);
      expect(wrong.output).toMatch(/^Unknown option '--everything'\nnpm run /);
    },
  );

  it.each(['mysql://root:pa%ss@127.0.0.1:1/x', 'mysql://root:a/b@127.0.0.1:1/x', 'postgres://h/x', 'mysql://h'])(
    'both say how to write MYSQL_URL when it is %s',
    async (url) => {
      for (const run of [backup({ MYSQL_URL: url }), restore({ MYSQL_URL: url }, '--yes')]) {
        expect(await run.exited).toBe(1);
        expect(run.output).toMatch(/^MYSQL_URL cannot be used: [\s\S]*%25/);
        expect(run.output).not.toMatch(/^\s+at /m);
      }
    },
  );
});
