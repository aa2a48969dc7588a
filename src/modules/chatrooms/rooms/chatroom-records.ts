import type { ChatroomStatus } from './chatroom.entity';

/** Settings of a room that are on or off, stored as 1 and 0. */
export const ROOM_FLAGS = ['membersMaySetAttributes', 'keepAlive'] as const;
export type RoomFlag = (typeof ROOM_FLAGS)[number];

/** A room's row. Decisions use one that was read under the lock. */
export type ChatroomRecord = Record<RoomFlag | 'muteAll' | 'distributionStopped', number> & {
  id: number;
  appPk: number;
  chatroomId: string;
  name: string;
  description: string | null;
  announcement: string | null;
  status: ChatroomStatus;
  ownerPk: number | null;
  maxMembers: number | null;
  slowModeSeconds: number;
  firstSeq: number;
  openedVersion: number;
  createdAt: Date;
};

export type NewChatroom = Pick<ChatroomRecord, 'chatroomId' | 'name' | 'description' | 'ownerPk' | 'maxMembers'> &
  Pick<ChatroomRecord, 'slowModeSeconds'> &
  Record<RoomFlag, number>;

/** A user's role and restrictions in a room, with defaults for users about whom nothing is stored. */
export interface RoomStanding {
  userPk: number;
  userId: string;
  admin: number;
  banned: number;
  muted: number;
  mutedUntil: Date | null;
  maySpeak: number;
  removedVersion: number;
}

/** A room's state that nodes act on, all of it read at one moment. */
export interface RoomState {
  room: number;
  version: number;
  maxSeq: number;
  status: ChatroomStatus;
  distributionStopped: number;
  openedVersion: number;
  /** The first seq that members may read. */
  readFrom: number;
  maxMembers: number | null;
  announcement: string | null;
}

export interface AttributeRecord {
  name: string;
  value: string;
  ownerPk: number | null;
  autoDelete: number;
}
