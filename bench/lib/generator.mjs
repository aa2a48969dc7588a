/**
 * The load generator, a process of its own that obeys its parent: open clients, load what they send, start, mark, stop.
 * It does as little as possible for each message, so that the server is exhausted first.
 */
import { HttpClient } from './http-client.mjs';
import { Samples } from './samples.mjs';
import { Refused, SocketClient } from './socket-client.mjs';

/** @typedef {SocketClient | HttpClient} Client */

/** Handshakes of one client. */
const ATTEMPTS_MAX = 8;

const acks = new Samples();
const deliveries = new Samples();
/** The same over the whole of a run. */
const allAcks = new Samples();
const allDeliveries = new Samples();
/** @type {Map<string, number>} */
const refusals = new Map();
/** @type {SocketClient[]} */
let sockets = [];
/** @type {HttpClient[]} */
let https = [];
/** @type {Client[]} who sends now */
let senders = [];
/** @type {NodeJS.Timeout | undefined} */
let timer;
let running = false;
/** Whether latencies are also kept for the summary of the whole run. */
let whole = false;

function addAck(/** @type {number} */ ms) {
  acks.add(ms);
  if (whole) allAcks.add(ms);
}

function addDelivery(/** @type {number} */ ms) {
  deliveries.add(ms);
  if (whole) allDeliveries.add(ms);
}

/** @param {{ url: string, auths: (object | null)[], concurrency?: number }} what */
async function open({ url, auths, concurrency = 64 }) {
  const target = new URL(url);
  const began = performance.now();
  /** @type {Record<string, number>} */
  const failures = {};
  /** @type {(SocketClient | undefined)[]} */
  const opened = new Array(auths.length);
  let next = 0;
  let retries = 0;
  const worker = async () => {
    for (let at = next++; at < auths.length; at = next++) {
      const result = await openOne(target, auths[at] ?? undefined, () => retries++);
      if (result instanceof SocketClient) opened[at] = result;
      else failures[result] = (failures[result] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, auths.length) }, worker));
  const clients = opened.filter((client) => client !== undefined);
  sockets.push(...clients);
  return { opened: clients.length, failures, retries, ms: performance.now() - began };
}

/** A server that is catching up says when to come again. @returns {Promise<SocketClient | string>} or why not */
async function openOne(
  /** @type {URL} */ url,
  /** @type {object | undefined} */ auth,
  /** @type {() => void} */ onRetry,
) {
  for (let attempt = 1; ; attempt++) {
    const client = new SocketClient({ add: addAck }, { add: addDelivery }, refusals);
    try {
      await client.open(url, auth);
      return client;
    } catch (error) {
      const waitMs = error instanceof Refused ? error.retryAfterMs : undefined;
      if (waitMs === undefined || attempt === ATTEMPTS_MAX)
        return error instanceof Error ? error.message : String(error);
      onRetry();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

/** @param {{ url: string, count: number }} what */
async function openHttp({ url, count }) {
  const target = new URL(url);
  const opened = Array.from({ length: count }, () => new HttpClient(acks, refusals));
  await Promise.all(opened.map((client) => client.open(target)));
  https.push(...opened);
  return { opened: opened.length };
}

/** Each client has one message under way. */
function startWindow() {
  for (const client of senders) {
    client.onAck = (each) => running && each.send(performance.now());
    client.send(performance.now());
  }
}

/** Messages at a steady rate whatever the answers do, client by client; each is timed from when it was due. */
function startRate(/** @type {number} */ rate, /** @type {number} */ rampMs) {
  const began = performance.now();
  let due = began;
  let at = 0;
  for (const client of senders) client.onAck = undefined;
  const tick = () => {
    const now = performance.now();
    while (due <= now) {
      senders[at++ % senders.length].send(due, true);
      const share = rampMs > 0 ? Math.min(1, Math.max(0.02, (due - began) / rampMs)) : 1;
      due += 1000 / (rate * share);
    }
  };
  timer = setInterval(tick, 1);
}

/**
 * The first client speaks and some of the others listen. The next message goes when fewer than `outstanding` are still on
 * their way to one of them.
 */
function startBroadcast(/** @type {number} */ outstanding, /** @type {number} */ listeners) {
  const [speaker] = sockets;
  let heard = 0;
  let due = 0;
  const speak = () => {
    speaker.send(performance.now(), true);
    due = (speaker.sent - outstanding + 1) * listeners;
  };
  const count = (/** @type {number} */ messages) => {
    heard += messages;
    while (running && heard >= due) speak();
  };
  for (const client of sockets) client.onDelivery = count;
  for (let i = 0; i < outstanding; i++) speak();
}

/**
 * @param {{ texts: string[], over?: 'socket' | 'http', rate?: number, rampMs?: number, timed?: boolean,
 *   summary?: boolean, outstanding?: number, listeners?: number }} what
 *   texts: what each client sends, client i with client i^1 as its receiver; rate: messages a second of all together,
 *   without it every client sends as soon as it is answered; outstanding, listeners: see startBroadcast
 */
function start({
  texts,
  over = 'socket',
  rate,
  rampMs = 0,
  timed = false,
  summary = false,
  outstanding,
  listeners = 1,
}) {
  const all = over === 'http' ? https : sockets;
  senders = texts.map((_, index) => all[index]);
  refusals.clear();
  sockets.forEach((client, index) => {
    client.delivered = 0;
    client.onDelivery = undefined;
    client.timed = timed;
    client.peer = sockets[index ^ 1];
  });
  senders.forEach((client, index) => client.load(texts[index]));
  whole = summary;
  allAcks.take();
  allDeliveries.take();
  acks.take();
  deliveries.take();
  running = true;
  if (outstanding) startBroadcast(outstanding, listeners);
  else if (rate) startRate(rate, rampMs);
  else startWindow();
  return {};
}

const sum = (/** @type {Iterable<number>} */ values) => [...values].reduce((a, b) => a + b, 0);

function totals() {
  return {
    sent: sum(senders.map(({ sent }) => sent)),
    acked: sum(senders.map(({ acked }) => acked)),
    refused: sum(senders.map(({ refused }) => refused)),
    delivered: sum(sockets.map(({ delivered }) => delivered)),
    unanswered: sum(senders.map(({ unanswered }) => unanswered)),
    refusals: Object.fromEntries(refusals),
  };
}

function mark() {
  const counted = { atMs: performance.now(), ...totals(), cpu: process.cpuUsage() };
  return { ...counted, ack: acks.take(), delivery: deliveries.take() };
}

/** Latencies since the start, where it was asked for a summary. */
const summary = () => ({ ack: allAcks.take(), delivery: allDeliveries.take() });

/**
 * Some clients each send one event, all at once. @param {{ texts: string[], from?: number }} what from: the first of them
 * @returns {Promise<{ ms: number, refused: number, refusals: Record<string, number>, ack: object }>} ms: until all are answered
 */
async function once({ texts, from = 0 }) {
  senders = sockets.slice(from, from + texts.length);
  refusals.clear();
  acks.take();
  senders.forEach((client, index) => client.load(texts[index]));
  const began = performance.now();
  await new Promise((resolve) => {
    let left = senders.length;
    for (const client of senders) {
      client.onAck = () => --left === 0 && resolve(undefined);
      client.send(performance.now());
    }
  });
  const ms = performance.now() - began;
  for (const client of senders) client.onAck = undefined;
  const { refused } = totals();
  return { ms, refused, refusals: Object.fromEntries(refusals), ack: acks.take() };
}

/** No more is sent; waits for the answers and the deliveries that are still to come. */
async function stop() {
  running = false;
  clearInterval(timer);
  for (const client of senders) client.onAck = undefined;
  const end = performance.now() + 10_000;
  let before = -1;
  for (;;) {
    const { unanswered, delivered } = totals();
    if ((unanswered === 0 && delivered === before) || performance.now() > end) break;
    before = delivered;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { ...totals(), each: senders.map(({ sent, acked }) => ({ sent, acked })) };
}

function close() {
  for (const client of [...sockets, ...https]) client.close();
  sockets = [];
  https = [];
  senders = [];
  return {};
}

/** @type {Record<string, (what: never) => unknown>} */
const commands = { open, openHttp, start, once, mark, summary, stop, close };

process.on('message', async (/** @type {{ id: number, command: string, what: never }} */ { id, command, what }) => {
  try {
    process.send?.({ id, answer: await commands[command](what) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
