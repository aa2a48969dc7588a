/** A private, durable MariaDB, a Redis and Parley on them, for the length of the run; data of earlier runs is thrown away. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startMariadb, databaseDir } from '../../scripts/lib/mariadb.mjs';
import { waitUntil } from '../../scripts/lib/network.mjs';
import { startRedis } from '../../scripts/lib/redis.mjs';
import { encryptionKey } from '../../scripts/lib/secrets.mjs';
import { AppServer } from './api.mjs';
import { startProduct } from './product.mjs';

const QUICKSTART_MS = 20_000;

export class Deployment {
  /** Messages that the product acknowledged as stored; every one must be a row in the end. */
  acknowledged = 0;
  #users = 0;

  /**
   * @param {{ root: string, dir: string, binaries: import('../../scripts/lib/binaries.mjs').Binaries, guard: import('../../scripts/lib/guard.mjs').Guard,
   *   signal?: AbortSignal, nodeArgs?: string[] }} options
   */
  constructor(options) {
    this.options = options;
    this.dir = join(options.dir, 'deployment');
  }

  async start() {
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    this.key = encryptionKey(this.dir, databaseDir(this.dir));
    const { binaries, guard, signal } = this.options;
    this.redis = await startRedis({
      dir: this.dir,
      binaries: binaries.redis,
      signal,
      onSpawn: (identity) => guard.watch('redis', identity),
    });
    await this.#startDatabase();
    await this.startServer();
    this.app = (await this.#quickstart()).apps.arbitrary;
    // The first start may have stored messages of its own.
    this.rowsBefore = await this.rows();
  }

  /** Written once the server serves. */
  async #quickstart() {
    const path = join(this.dir, 'quickstart.json');
    const there = await waitUntil(
      async () => existsSync(path),
      () => false,
      QUICKSTART_MS,
    );
    if (!there) throw new Error(`Parley made no ${path}`);
    return JSON.parse(readFileSync(path, 'utf8'));
  }

  /** @param {NodeJS.ProcessEnv} [env] */
  async #startDatabase(env = {}) {
    const { binaries, guard, signal } = this.options;
    const database = binaries.database;
    this.database = await startMariadb({
      dir: this.dir,
      binaries: database && { ...database, env: { ...database.env, ...env } },
      durable: true,
      mayCreateDatabases: true,
      signal,
      onSpawn: (identity) => guard.watch('mysql', identity),
    });
  }

  /** @param {{ keepDefault?: string[] }} [how] see product.mjs */
  async startServer({ keepDefault } = {}) {
    const { root, guard, nodeArgs } = this.options;
    this.server = await startProduct({
      root,
      dir: this.dir,
      mysqlUrl: this.database.url,
      redisUrl: this.redis.url,
      encryptionKey: this.key,
      nodeArgs,
      keepDefault,
      onSpawn: (identity) => guard.watch('app', identity, 'app'),
    });
  }

  /** A fresh process. @param {{ keepDefault?: string[] }} [how] see product.mjs */
  async restartServer(how) {
    await this.server?.stop();
    await this.startServer(how);
  }

  /** The same data under a database server with another environment. @param {NodeJS.ProcessEnv} env */
  async restartWith(env) {
    await this.server?.stop();
    await this.database?.stop();
    await this.#startDatabase(env);
    await this.startServer();
  }

  get url() {
    return this.server.url;
  }

  /** The processes whose CPU is counted. */
  get pids() {
    return { server: this.server.pid, database: this.database.pid, redis: this.redis.pid };
  }

  get appServer() {
    return new AppServer({ url: this.url, ...this.app });
  }

  /** New users with a token each, never connected. @param {number} count */
  users(count) {
    const from = this.#users;
    this.#users += count;
    return this.appServer.users(Array.from({ length: count }, (_, i) => `bench${String(from + i).padStart(7, '0')}`));
  }

  /** Rows of the log that somebody said. */
  async rows() {
    return Number((await this.#first("SELECT COUNT(*) AS stored FROM messages WHERE type <> 'notice'")).stored);
  }

  /** Explicit commits since the database server started. */
  async commits() {
    return Number((await this.#first("SHOW GLOBAL STATUS LIKE 'Com_commit'")).Value);
  }

  /** @param {string} statement */
  async #first(statement) {
    const connection = await mysql.createConnection(this.database.url);
    try {
      const [[row]] = await connection.query(statement);
      return row;
    } finally {
      await connection.end();
    }
  }

  async stop() {
    await this.server?.stop();
    await Promise.all([this.database?.stop(), this.redis?.stop()]);
    for (const name of ['app', 'mysql', 'redis']) this.options.guard.forget(name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
