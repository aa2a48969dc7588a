import type { Ack } from '../../../src/kernel/contracts/socket-events';
import type { ErrorCode } from '../../../src/kernel/errors/catalogue';
import { ChatroomDirectory } from '../../../src/modules/chatrooms/rooms/chatroom-directory';
import { RoomRates } from '../../../src/modules/chatrooms/live/room-rates';
import { aChatroom, aUser } from '../builders';
import { ok } from '../http';
import type { ErrorCase } from './error-cases';
import { rest, socket } from './failures';

/** Errors that only rooms cause. */
export const CHATROOM_CASES = {
  ROOM_BUSY: async ({ parley, app, ann, text }) => {
    const { chatroomId } = await aChatroom(app);
    await ann.device.tell('chatroom:join', { chatroomId });
    const { pk } = await parley.app
      .get(ChatroomDirectory, { strict: false })
      .find({ pk: await appPkOf(parley, app.appId) }, chatroomId);
    const rates = parley.app.get(RoomRates, { strict: false });
    for (let n = 0; n < 1000; n++) rates.take(pk, null, 'normal');
    const low = () => ({
      ...text(chatroomId),
      to: { kind: 'chatroom' as const, id: chatroomId },
      options: { priority: 'low' as const },
    });
    return [await rest(ann.api.post('/v1/messages', low())), await socket(ann.device.ask('message:send', low()))];
  },
  CHATROOM_FULL: async ({ app, ann, bob }) => {
    const { chatroomId } = await aChatroom(app, { maxMembers: 1 });
    await ann.device.tell('chatroom:join', { chatroomId });
    return [await socket(bob.device.ask('chatroom:join', { chatroomId }))];
  },
  USER_OFFLINE: async ({ app }) => {
    const { chatroomId } = await aChatroom(app);
    const { userId } = await aUser(app);
    const { items } = await ok<{ items: Ack<unknown>[] }>(
      app.api.post(`/v1/chatrooms/${chatroomId}/members`, { userIds: [userId] }),
    );
    return items.map((item) => ({ door: 'socket', ack: item.ok ? item : { ok: item.ok, error: item.error } }));
  },
  ATTRIBUTE_NOT_FOUND: async ({ app }) => {
    const { chatroomId } = await aChatroom(app);
    return [await rest(app.api.delete(`/v1/chatrooms/${chatroomId}/attributes/nothing`))];
  },
} satisfies Partial<Record<ErrorCode, ErrorCase>>;

async function appPkOf({ sql }: Parameters<ErrorCase>[0]['parley'], appId: string): Promise<number> {
  const [row] = await sql.rows<{ id: number }>('SELECT id FROM apps WHERE appId = ?', [appId]);
  return row?.id ?? 0;
}
