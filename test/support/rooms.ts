import { randomBytes } from 'node:crypto';
import type { ConnectedUser, TestApp } from './builders';
import { ok, type Answer } from './http';
import type { Device } from './socket';

export const codeOf = ({ status, body }: Answer): unknown[] => [
  status,
  (body.error as unknown as { code?: string })?.code,
];

export const errorCodeOf = (ack: { ok: boolean; error?: { code: string } }): string | undefined =>
  ack.ok ? undefined : ack.error?.code;

/** The body of a send: a text to a room. */
export const toRoom = (id: string, text = 'Hello', more: object = {}) => ({
  to: { kind: 'chatroom' as const, id },
  clientMessageId: randomBytes(12).toString('hex'),
  type: 'text',
  body: { text },
  ...more,
});

export const textsOf = (device: Device, conversationId: string): string[] =>
  device
    .all('message:new')
    .filter((message) => message.conversationId === conversationId)
    .map(({ body }) => (body as { text: string }).text);

/** Waits until a device has received a text. */
export const received = (user: Pick<ConnectedUser, 'device'>, conversationId: string, text: string) =>
  user.device.next(
    'message:new',
    (message) => message.conversationId === conversationId && (message.body as { text?: string }).text === text,
  );

/** The `removed` and `banned` events about themselves that a user has received. */
export const removalsSeenBy = ({ userId, device }: Pick<ConnectedUser, 'userId' | 'device'>): string[] =>
  device
    .all('chatroom:event')
    .filter(({ kind, users }) => (kind === 'removed' || kind === 'banned') && users.includes(userId))
    .map(({ kind }) => kind);

export const membersOf = async (app: TestApp, chatroomId: string, api = app.api): Promise<string[]> => {
  const { items } = await ok<{ items: { userId: string }[] }>(api.get(`/v1/chatrooms/${chatroomId}/members?limit=100`));
  return items.map(({ userId }) => userId).sort();
};
