/** What the clients say, encoded once: about 200 bytes, with a SLOT for the number that makes each message another one. */
import { SLOT } from './socket-client.mjs';

const TEXT = 'How are you today? 你好吗?The quick brown fox jumps over it. '.padEnd(84, '.');
const FILLER = 'How much wood would a woodchuck chuck? ';
let rounds = 0;

/** A prefix of clientMessageIds that no other round of this run has; with SLOT and number at most 36 characters. @param {string} [tag] */
export const newRound = (tag = '') => `${tag}r${(rounds++).toString(36).padStart(4, '0')}-`;

/** Sender i of a round writes to `to`. @param {string} round @param {number} index @param {string} to @param {string} [text] */
export const command = (round, index, to, text = TEXT) => ({
  to: { kind: 'user', id: to },
  clientMessageId: `${round}${SLOT}-${String(index).padStart(7, '0')}`,
  type: 'text',
  body: { text },
});

/** The only one who speaks in a group or room. @param {'group' | 'chatroom'} kind @param {string} id */
export const speech = (kind, id) => packet('message:send', { ...command(newRound(), 0, ''), to: { kind, id } });

/** One joins a room; ten messages of its history come with it. @param {string} chatroomId @param {number} [history] */
export const join = (chatroomId, history) =>
  packet('chatroom:join', { chatroomId, ...(history !== undefined && { history }) });

/** The Socket.IO packet of an event that wants an acknowledgement. @param {string} event @param {object} data */
export const packet = (event, data) => `421["${event}",${JSON.stringify(data)}]`;

/**
 * Client i sends to client i^1. @param {readonly { userId: string }[]} users @param {number[]} [sizes] bytes of text, in turn
 * @param {string} [tag] tells runs against one deployment apart, where it is not thrown away afterwards
 */
export function sends(users, sizes, tag = '') {
  const round = newRound(tag);
  const texts = sizes?.map((size) => FILLER.repeat(Math.ceil(size / FILLER.length)).slice(0, size));
  return users.map((_, index) =>
    packet('message:send', command(round, index, users[index ^ 1].userId, texts?.[index % texts.length])),
  );
}

/** The handshake of each user, on one device of its own. @param {readonly { userId: string, token: string }[]} users */
export const handshakes = (users) =>
  users.map(({ userId, token }) => ({ token, device: { id: `device-${userId}`, platform: 'bench' } }));

/** A whole HTTP/1.1 request. @param {{ url: string, path: string, authorization?: string, body: object }} what */
export function post({ url, path, authorization, body }) {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(authorization ? [`Authorization: ${authorization}`] : []),
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}
