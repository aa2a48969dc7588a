import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RawSocket } from '../../support/raw-socket';
import { defineProbe } from '../probe';
import { logIn, mustCall, openDevice } from '../tools';
import type { World } from '../world';

const STRANGERS = 40;
const LARGE_MESSAGES = 60;
const READERS = 3;
const ATTACK_MS = 4000;
const PAGE_BYTES = 256 * 1024;
/** What an acknowledgement adds around a page. */
const AROUND = 1024;

let acks = 0;
async function ask(socket: RawSocket, event: string, data: unknown): Promise<string> {
  const id = ++acks;
  socket.send(`42${id}${JSON.stringify([event, data])}`);
  const answer = await socket.hears((text) => text.startsWith(`43${id}[`), 10_000);
  socket.texts.length = 0;
  return answer;
}

const say = (world: World, from: string, to: string, type: string, body: object) =>
  mustCall(world, 'POST', '/v1/messages', {
    authorization: world.arbitrary.server,
    body: { from, to: { kind: 'user', id: to }, clientMessageId: randomUUID(), type, body },
  });

/** What strangers sent, legal each by itself, would once close the socket of whoever read it. */
export const probe = defineProbe({
  promise: 'nobody is locked out by what others sent them, and reading the largest pages costs others nothing',
  seconds: 15,
  async prepare(world) {
    const token = await logIn(world, 'victim');
    const thumbnail = 'A'.repeat(31 * 1024);
    const strangers = Array.from({ length: STRANGERS }, (_, n) => `stranger-${n}`);
    await Promise.all(
      strangers.map(async (stranger) => {
        await logIn(world, stranger);
        await say(world, stranger, 'victim', 'image', { url: 'https://example.com/a.jpg', thumbnail });
      }),
    );
    const large = { large: 'x'.repeat(60_000) };
    await Promise.all(
      Array.from({ length: LARGE_MESSAGES }, () => say(world, 'stranger-0', 'victim', 'custom', large)),
    );
    return token;
  },
  async attack(world, token) {
    const until = performance.now() + ATTACK_MS;
    let answers = 0;
    const reader = async (_: unknown, n: number): Promise<void> => {
      const socket = await openDevice(world, token, `reader-${n}`);
      while (performance.now() < until) {
        for (const [event, data] of [
          ['sync', { userSeq: 0, conversations: [] }],
          ['conversation:pull', { conversationId: 'user:stranger-0:victim', after: 0, limit: 100 }],
        ] as const) {
          const answer = await ask(socket, event, data);
          assert(answer.includes('"ok":true'), `${event} was refused: ${answer.slice(0, 200)}`);
          assert(Buffer.byteLength(answer) <= PAGE_BYTES + AROUND, `${event} answered ${answer.length} bytes`);
          answers++;
        }
      }
      assert(!socket.closed, 'the reader was closed');
      socket.tcp.destroy();
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    return `${answers} pages`;
  },
});
