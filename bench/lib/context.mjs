/** What scenarios share: one generator, the references and the deployment, each started when first asked for. */
import { Deployment } from './deployment.mjs';
import { findEjabberd, startEjabberd } from './ejabberd.mjs';
import { Generator } from './generator-process.mjs';
import { Hall } from './hall.mjs';
import { handshakes, packet, sends, command, newRound } from './messages.mjs';
import { measure } from './measure.mjs';
import { startReference } from './references.mjs';

/** Connections of P1 and of its reference. */
export const CONNECTIONS = 200;

/** A whole run ends within ten minutes: whatever begins later than this is measured in one set. */
const LATE_MS = 450_000;

/** @typedef {import('./measure.mjs').Sample} Sample */

export class Context {
  generator = new Generator();
  /** @type {Map<string, Promise<Awaited<ReturnType<typeof startReference>>>>} */
  #references = new Map();
  /** @type {Promise<Deployment> | undefined} */
  #deployment;
  /** @type {Promise<import('./api.mjs').LoadUser[]> | undefined} */
  #pairs;
  /** @type {import('./api.mjs').LoadUser[]} */
  #crowd = [];
  /** @type {Promise<Hall> | undefined} */
  #hall;
  /** @type {ReturnType<typeof startEjabberd> | undefined} */
  #ejabberd;
  /** What P8 found; P8b compares it. */
  kibAConnection = 0;

  /**
   * @param {{ root: string, dir: string, binaries: import('../../scripts/lib/binaries.mjs').Binaries, quick: boolean, sets: number,
   *   guard: import('../../scripts/lib/guard.mjs').Guard, signal?: AbortSignal, nodeArgs?: string[], say: (line: string) => void }} options
   */
  constructor(options) {
    this.options = options;
    this.say = options.say;
    this.began = Date.now();
  }

  /** Reference, product, reference: how often. */
  get sets() {
    return Date.now() - this.began > LATE_MS ? 1 : this.options.sets;
  }

  /** @param {'echo' | 'post' | 'relay' | 'room'} name */
  reference(name) {
    let started = this.#references.get(name);
    if (!started) this.#references.set(name, (started = startReference(name)));
    return started;
  }

  /** @returns {Promise<Deployment>} */
  deployment() {
    this.#deployment ??= (async () => {
      this.say('starting MariaDB, Redis and Parley …');
      const deployment = new Deployment(this.options);
      this.opened = deployment;
      await deployment.start();
      return deployment;
    })();
    return this.#deployment;
  }

  /** The users of the send scenarios, in pairs. */
  async pairs() {
    const deployment = await this.deployment();
    this.#pairs ??= deployment.users(CONNECTIONS);
    return this.#pairs;
  }

  /** The first `count` of the users that fill groups, rooms and idle connections. @param {number} count */
  async crowd(count) {
    const deployment = await this.deployment();
    if (count > this.#crowd.length) this.#crowd.push(...(await deployment.users(count - this.#crowd.length)));
    return this.#crowd.slice(0, count);
  }

  /** Thousands of listeners; opened once, and closed by whoever needs the machine's memory next. */
  hall() {
    this.#hall ??= new Hall(this).open();
    return this.#hall;
  }

  async closeHall() {
    const hall = await this.#hall;
    this.#hall = undefined;
    hall?.end();
  }

  /** The peer, on the deployment's database; undefined where it is not installed. */
  async ejabberd() {
    const libraries = findEjabberd();
    if (!libraries) return undefined;
    const { dir, database } = await this.deployment();
    this.#ejabberd ??= startEjabberd({
      libraries,
      dir,
      databaseUrl: database.url,
      signal: this.options.signal,
      onSpawn: (identity) => this.options.guard.watch('ejabberd', identity, 'app'),
    });
    const { pid, port, users } = await this.#ejabberd;
    return { port, users, pids: { ejabberd: pid, database: database.pid } };
  }

  /** Reference R: raw Socket.IO echo with acknowledgement of the very same commands. @returns {Promise<Sample>} */
  async echo(texts) {
    const { url, pid } = await this.reference('echo');
    const round = newRound();
    await this.generator.open(url, new Array(CONNECTIONS).fill(null));
    const said =
      texts ??
      Array.from({ length: CONNECTIONS }, (_, i) =>
        packet('message:send', command(round, i, `bench${String(i ^ 1).padStart(7, '0')}`)),
      );
    await this.generator.start({ texts: said });
    try {
      return await measure(this.generator, { server: pid });
    } finally {
      await this.generator.stop();
      await this.generator.close();
    }
  }

  /**
   * Reference L: what `send` does, through plain Socket.IO and without storing.
   * @param {{ rate: number, timed: boolean, windowMs: number }} how @returns {Promise<Sample>}
   */
  async relay({ rate, timed, windowMs }) {
    const { url, pid } = await this.reference('relay');
    const users = await this.pairs();
    await this.generator.open(
      url,
      users.map(({ userId }) => ({ userId })),
    );
    await this.generator.start({ texts: sends(users), rate, timed });
    try {
      return await measure(this.generator, { server: pid }, { delivers: true, windowMs });
    } finally {
      await this.generator.stop();
      await this.generator.close();
    }
  }

  /**
   * Durable one-to-one sends with delivery, every client with one under way, or at a steady rate.
   * @param {{ rate?: number, timed?: boolean, windowMs?: number }} [how] @returns {Promise<Sample>}
   */
  async send({ rate, timed, windowMs } = {}) {
    const deployment = await this.deployment();
    const users = await this.pairs();
    await this.generator.open(deployment.url, handshakes(users));
    await this.generator.start({ texts: sends(users), rate, timed });
    try {
      return await measure(this.generator, deployment.pids, { delivers: true, windowMs });
    } finally {
      await this.settle(1);
    }
  }

  /** Stops the load, closes the sockets and adds what was acknowledged to the account. @param {number} hearers see `finish` */
  async settle(hearers) {
    try {
      await this.finish(this.generator, hearers);
    } finally {
      await this.generator.close();
    }
  }

  /**
   * Stops the load and adds what was acknowledged to the account.
   * @param {Generator} generator @param {number} hearers of each message, all of whom are connected; 0: nobody is
   */
  async finish(generator, hearers) {
    const totals = await generator.stop();
    const deployment = await this.deployment();
    deployment.acknowledged += totals.acked;
    if (totals.refused > 0)
      throw new Error(`Parley refused ${totals.refused} messages: ${JSON.stringify(totals.refusals)}`);
    if (totals.unanswered > 0) throw new Error(`Parley did not answer ${totals.unanswered} messages`);
    if (hearers > 0 && totals.delivered !== totals.acked * hearers)
      throw new Error(
        `${totals.acked} messages were acknowledged and ${totals.delivered} delivered, to ${hearers} each`,
      );
  }

  /** @returns {Promise<{ rows: number, acknowledged: number } | undefined>} undefined where nothing was sent */
  async account() {
    if (!this.opened?.server) return undefined;
    const rows = (await this.opened.rows()) - this.opened.rowsBefore;
    return { rows, acknowledged: this.opened.acknowledged };
  }

  async close() {
    this.generator.end();
    await this.closeHall().catch(() => {});
    await this.#ejabberd?.then(
      (ejabberd) => ejabberd.stop(),
      () => {},
    );
    for (const started of this.#references.values())
      await started.then(
        (reference) => reference.end(),
        () => {},
      );
    await this.opened?.stop();
  }
}
