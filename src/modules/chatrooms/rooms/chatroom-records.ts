import type { ChatroomStatus } from './chatroom.entity';

/** What may be said of a room besides its name. Stored as 0 and 1. */
export const ROOM_FLAGS = ['membersMaySetAttributes', 'keepAlive'] as const;
export type RoomFlag = (typeof ROOM_FLAGS)[number];

/** A room as its row stands, read under the lock where anything is decided by it. */
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

/** How a user stands in a room; every user of the app stands somehow. */
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

/** A room's state as nodes go by it, of one moment. */
export interface RoomState {
  room: number;
  version: number;
  maxSeq: number;
  status: ChatroomStatus;
  distributionStopped: number;
  openedVersion: number;
  /** The first seq that anybody in it reads. */
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
