/** What ejabberd is asked to do: pairs that answer each other, and a room. From the benchmark's own process. */
import { cpusOf } from './cpu.mjs';
import { PASSWORD, userOf } from './ejabberd.mjs';
import { WARM_UP_MS, WINDOW_MS } from './measure.mjs';
import { inParallel } from './api.mjs';
import { XmppClient } from './xmpp-client.mjs';

const LOGINS_AT_ONCE = 16;
const TEXT = 'How are you today? 你好吗?The quick brown fox jumps over it. '.padEnd(84, '.');
const ROOM = 'bench@conference.localhost';

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @typedef {{ rate: number, cpu: Record<string, number>, cpuAll: number }} Sample CPU in microseconds a message */

/** @param {{ port: number, users: (count: number) => Promise<void> }} ejabberd @param {number} count @param {number} [from] @returns {Promise<XmppClient[]>} users from this number up to that */
export async function logIn(ejabberd, count, from = 0) {
  await ejabberd.users(count);
  return inParallel(
    Array.from({ length: count - from }, (_, i) => from + i),
    LOGINS_AT_ONCE,
    async (index) => {
      const client = new XmppClient(ejabberd.port, userOf(index));
      await client.login(PASSWORD);
      return client;
    },
  );
}

/** Client i and client i^1 answer each other, each message archived for both. @param {XmppClient[]} clients @param {Record<string, number>} pids */
export async function pingPong(clients, pids) {
  let heard = 0;
  const stanzas = clients.map((_, i) => stanza(clients[i ^ 1].jid, 'chat'));
  clients.forEach((client, i) => {
    client.onMessages = (messages) => {
      heard += messages;
      for (let n = 0; n < messages; n++) client.socket.write(stanzas[i]);
    };
  });
  for (let i = 0; i < clients.length; i += 2) clients[i].socket.write(stanzas[i]);
  return count(clients, pids, () => heard);
}

/** All in one room; one speaks, with so many messages under way. @param {XmppClient[]} clients @param {number} outstanding @param {Record<string, number>} pids */
export async function room(clients, outstanding, pids) {
  for (const client of clients) {
    const history = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>";
    await client.ask(`<presence to='${ROOM}/${client.user}'>${history}</presence>`, '<subject');
  }
  const [speaker] = clients;
  let heard = 0;
  let sent = 0;
  const speak = () => {
    sent++;
    speaker.socket.write(stanza(ROOM, 'groupchat'));
  };
  for (const client of clients) {
    client.onMessages = (messages) => {
      heard += messages;
      while (heard >= (sent - outstanding + 1) * clients.length) speak();
    };
  }
  for (let i = 0; i < outstanding; i++) speak();
  return count(clients, pids, () => heard);
}

const stanza = (/** @type {string} */ to, /** @type {string} */ type) =>
  `<message to='${to}' type='${type}' id='b000000001'><body>${TEXT}</body></message>`;

/** @param {XmppClient[]} clients @param {Record<string, number>} pids @param {() => number} heard @returns {Promise<Sample>} */
async function count(clients, pids, heard) {
  await sleep(WARM_UP_MS);
  const [from, began, before] = [heard(), performance.now(), cpusOf(pids)];
  await sleep(WINDOW_MS);
  const [to, ended, after] = [heard(), performance.now(), cpusOf(pids)];
  for (const client of clients) client.onMessages = undefined;
  if (to === from) throw new Error('ejabberd delivered nothing');
  const cpu = Object.fromEntries(Object.keys(pids).map((name) => [name, (after[name] - before[name]) / (to - from)]));
  const rate = ((to - from) * 1000) / (ended - began);
  return { rate, cpu, cpuAll: Object.values(cpu).reduce((a, b) => a + b, 0) };
}
