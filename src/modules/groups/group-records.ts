import type { GroupStatus, RequestKind, RequestStatus, Role, Visibility } from './group.entity';

/** What a group's owner may switch. Stored as 0 and 1. */
export const SWITCHES = [
  'membersMayInvite',
  'invitationsNeedConsent',
  'adminsMayRemove',
  'readableByNonMembers',
  'historyForNewMembers',
] as const;
export type Switch = (typeof SWITCHES)[number];

/** A group as its row stands, read under the lock where anything is decided by it. */
export type GroupRecord = Record<Switch | 'muteAll', number> & {
  id: number;
  appPk: number;
  groupId: string;
  name: string;
  introduction: string | null;
  announcement: string | null;
  attributes: string | null;
  visibility: Visibility;
  status: GroupStatus;
  ownerPk: number;
  maxMembers: number;
  memberCount: number;
  createdAt: Date;
};

export type NewGroup = Pick<
  GroupRecord,
  'groupId' | 'name' | 'introduction' | 'visibility' | 'ownerPk' | 'maxMembers'
> &
  Record<Switch, boolean>;

export interface GroupMemberRecord {
  userPk: number;
  userId: string;
  role: Role;
  nickname: string | null;
  attributes: string | null;
  joinedAt: Date;
  mutedUntil: Date | null;
}

/** How a user stands in a group: undefined role for who is not in. */
export interface Standing {
  userPk: number;
  role: Role | null;
  banned: number;
  muted: number;
  mutedUntil: Date | null;
  maySpeak: number;
}

export interface RequestRecord {
  id: number;
  requestId: string;
  groupPk: number;
  userPk: number;
  userId: string;
  kind: RequestKind;
  status: RequestStatus;
  invitedByPk: number;
  message: string | null;
  reason: string | null;
  createdAt: Date;
}
