import type { ChatroomRecord, RoomFlag } from './chatroom-records';
import { ROOM_FLAGS } from './chatroom-records';

/** A room as all users of its app see it. */
export interface ChatroomView extends Record<RoomFlag | 'muteAll' | 'distributionStopped', boolean> {
  chatroomId: string;
  conversationId: string;
  name: string;
  description?: string;
  announcement?: string;
  owner?: string;
  /** Members now, over all nodes. */
  memberCount: number;
  maxMembers?: number;
  slowModeSeconds: number;
  createdAt: string;
}

export interface ChatroomMemberView {
  userId: string;
  role: 'owner' | 'admin' | 'member';
  /** While muted: until when, null for ever. */
  mutedUntil?: string | null;
}

export const chatroomView = (room: ChatroomRecord, owner: string | undefined, memberCount: number): ChatroomView => ({
  chatroomId: room.chatroomId,
  conversationId: `chatroom:${room.chatroomId}`,
  name: room.name,
  ...(room.description !== null && { description: room.description }),
  ...(room.announcement && { announcement: room.announcement }),
  ...(owner !== undefined && { owner }),
  memberCount,
  ...(room.maxMembers !== null && { maxMembers: room.maxMembers }),
  slowModeSeconds: room.slowModeSeconds,
  ...(Object.fromEntries(ROOM_FLAGS.map((name) => [name, room[name] === 1])) as Record<RoomFlag, boolean>),
  muteAll: room.muteAll === 1,
  distributionStopped: room.distributionStopped === 1,
  createdAt: room.createdAt.toISOString(),
});
