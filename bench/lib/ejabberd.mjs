/** The peer: a private ejabberd with its users and archive in a database of the measured MariaDB, as Debian packages it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { freePort, isFree } from '../../scripts/lib/network.mjs';
import { Service } from '../../scripts/lib/service.mjs';

export const HOST = 'localhost';
export const PASSWORD = 'bench';
const SCHEMA = '/usr/share/ejabberd/sql/mysql.sql';
const ERL = '/usr/bin/erl';
const LIBRARIES = '/usr/lib';
const START_MS = 60_000;
const USERS_AT_ONCE = 1000;
export const userOf = (/** @type {number} */ index) => `bench${index}`;

/** Where its code is; undefined where the packages `ejabberd` and `erlang-p1-mysql` are not installed. */
export function findEjabberd() {
  if (!existsSync(ERL) || !existsSync(SCHEMA)) return undefined;
  for (const dir of readdirSync(LIBRARIES).map((name) => join(LIBRARIES, name))) {
    if (/-linux-/.test(dir) && readdirSync(dir).some((name) => name.startsWith('ejabberd-'))) return dir;
  }
  return undefined;
}

/** @param {{ libraries: string, dir: string, databaseUrl: string, signal?: AbortSignal, onSpawn: (identity: import('../../scripts/lib/processes.mjs').Identity) => void }} options */
export async function startEjabberd({ libraries, dir, databaseUrl, signal, onSpawn }) {
  const home = join(dir, 'ejabberd');
  mkdirSync(join(home, 'spool'), { recursive: true });
  const database = new URL(databaseUrl);
  database.pathname = '/ejabberd';
  await makeDatabase(databaseUrl, database.href);
  const port = await freePort();
  const config = join(home, 'ejabberd.yml');
  writeFileSync(config, configuration(port, database), { mode: 0o600 });
  const service = new Service({
    name: 'ejabberd',
    command: ERL,
    args: ['+K', 'true', '+P', '250000', '-noinput', '-mnesia', 'dir', `"${join(home, 'spool')}"`, '-s', 'ejabberd'],
    env: {
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(home, 'ejabberd.log'),
      ERL_LIBS: libraries,
      ERL_MAX_PORTS: '32000',
      HOME: home,
    },
    logFile: join(home, 'output.log'),
    answers: async () => !(await isFree(port)),
    startMs: START_MS,
    stopMs: 10_000,
    signal,
    onSpawn,
  });
  await service.start();
  return {
    port,
    pid: /** @type {number} */ (service.pid),
    /** Users up to this number. @param {number} count */
    users: (count) => makeUsers(database.href, count),
    stop: () => service.stop(),
  };
}

/** @param {string} adminUrl @param {string} url */
async function makeDatabase(adminUrl, url) {
  const admin = await mysql.createConnection(adminUrl);
  try {
    await admin.query('DROP DATABASE IF EXISTS ejabberd');
    await admin.query('CREATE DATABASE ejabberd CHARACTER SET utf8mb4');
  } finally {
    await admin.end();
  }
  const connection = await mysql.createConnection({ uri: url, multipleStatements: true });
  try {
    await connection.query(readFileSync(SCHEMA, 'utf8'));
  } finally {
    await connection.end();
  }
}

/** @param {string} url @param {number} count */
async function makeUsers(url, count) {
  const connection = await mysql.createConnection(url);
  try {
    for (let at = 0; at < count; at += USERS_AT_ONCE) {
      const rows = Array.from({ length: Math.min(USERS_AT_ONCE, count - at) }, (_, i) => [
        userOf(at + i),
        PASSWORD,
        '',
        '',
      ]);
      await connection.query('INSERT IGNORE INTO users (username, password, serverkey, salt) VALUES ?', [rows]);
    }
  } finally {
    await connection.end();
  }
}

/** Every message archived for both sides in MariaDB before it is delivered; rooms in memory. @param {number} port @param {URL} database */
const configuration = (port, { hostname, port: sqlPort, username, password }) => `
hosts: ["${HOST}"]
loglevel: 3
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: none, access: all, starttls: false}
auth_method: sql
auth_password_format: plain
sql_type: mysql
sql_server: "${hostname}"
sql_port: ${sqlPort}
sql_database: "ejabberd"
sql_username: "${username}"
sql_password: "${password}"
sql_pool_size: 16
sql_prepared_statements: true
modules:
  mod_mam: {db_type: sql, default: always, cache_size: 10000}
  mod_offline: {}
  mod_roster: {}
  mod_stream_mgmt: {}
  mod_muc:
    access: all
    access_create: all
    max_users: 20000
    max_user_conferences: 1000
    default_room_options: {mam: false, presence_broadcast: [], max_users: 20000, allow_private_messages: true, anonymous: false}
`;
