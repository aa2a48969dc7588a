/**
 * P12: what a durable send through REST costs the server process outside its SQL client, against Nest and Fastify
 * answering a bare POST. The SQL client's part comes from stack samples of a window of its own, so that sampling does not
 * weigh on the figure; the details also give the figure with it.
 */
import { shareOf } from '../lib/cpu-share.mjs';
import { command, handshakes, newRound, post } from '../lib/messages.mjs';
import { measure, WARM_UP_MS, WINDOW_MS } from '../lib/measure.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P12';
export const title = 'durable send through REST';

/** Keep-alive connections of the app server: as many as P1 has clients. */
const CONNECTIONS = 200;
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const PATH = '/v1/messages';
/** mysql2 and what it calls: escaping, its packets, its writes to the socket. */
const SQL_CLIENT = /node_modules\/mysql2\//;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { generator } = context;
  const bare = await context.reference('post');
  const deployment = await context.deployment();
  const users = (await context.pairs()).slice(0, CONNECTIONS);

  const requests = (/** @type {string} */ url, /** @type {string} */ authorization) => {
    const round = newRound();
    return users.map(({ userId }, index) =>
      post({
        url,
        path: PATH,
        authorization,
        body: { from: userId, ...command(round, index, users[index ^ 1].userId) },
      }),
    );
  };
  const load = async (
    /** @type {{ url: string }} */ { url },
    /** @type {Record<string, number>} */ pids,
    delivers = false,
  ) => {
    await generator.openHttp(url, CONNECTIONS);
    await generator.start({ texts: requests(url, deployment.appServer.authorization), over: 'http' });
    return measure(generator, pids, { delivers });
  };
  const reference = async () => {
    try {
      return await load(bare, { server: bare.pid });
    } finally {
      await generator.stop();
      await generator.close();
    }
  };
  const product = async (delivers = false) => {
    if (delivers) await generator.open(deployment.url, handshakes(users));
    try {
      return await load(deployment, deployment.pids, delivers);
    } finally {
      await context.settle(0);
    }
  };
  const sqlShare = async () => {
    try {
      await generator.openHttp(deployment.url, CONNECTIONS);
      await generator.start({ texts: requests(deployment.url, deployment.appServer.authorization), over: 'http' });
      await sleep(WARM_UP_MS);
      return shareOf(await deployment.server.profile(WINDOW_MS), SQL_CLIENT);
    } finally {
      await context.settle(false);
    }
  };
  const gauge = (/** @type {import('../lib/measure.mjs').Sample} */ { cpu }) => cpu.server;
  const { sets, discarded, trusted } = await interleave({
    reference,
    product: () => product(),
    gauge,
    sets: Math.min(2, context.sets),
    say: context.say,
  });
  const sql = await sqlShare();
  const delivering = await product(true);
  const details = {
    'sends/s': medians(sets, ({ rate }) => rate).product,
    'server µs': medians(sets, gauge).product,
    'of it SQL client µs': medians(sets, gauge).product * sql,
    'ratio with SQL client': ratio(sets, gauge),
    'database µs': medians(sets, ({ cpu }) => cpu.database ?? 0).product,
    'reference µs': medians(sets, gauge).reference,
    'ack p50 ms': medians(sets, ({ ack }) => ack.p50 ?? Number.NaN).product,
    'with delivery: sends/s': delivering.rate,
    'with delivery: server µs': delivering.cpu.server,
  };
  return [{ id: 'P12', value: ratio(sets, gauge) * (1 - sql), details, discarded, trusted }];
}
