import { untilOf } from '../../platform/database/until';
import type { GroupMemberRecord, GroupRecord, RequestRecord, Switch } from './group-records';
import { SWITCHES } from './group-records';
import type { GroupStatus, Role, Visibility } from './group.entity';

/** What everybody may see of a public group. */
export interface GroupCard {
  groupId: string;
  name: string;
  introduction?: string;
  visibility: Visibility;
  memberCount: number;
  maxMembers: number;
  /** Its userId. */
  owner: string;
  createdAt: string;
}

/** What its members see. */
export interface GroupView extends GroupCard, Record<Switch | 'muteAll', boolean> {
  conversationId: string;
  status: GroupStatus;
  announcement?: string;
  attributes?: Record<string, unknown>;
  /** The asker's own; absent for the app's server. */
  role?: Role;
}

export interface MemberView {
  userId: string;
  role: Role;
  nickname?: string;
  attributes?: Record<string, unknown>;
  joinedAt: string;
  /** While muted: until when, null for ever. */
  mutedUntil?: string | null;
}

export interface RequestView {
  requestId: string;
  userId: string;
  status: string;
  message?: string;
  reason?: string;
  createdAt: string;
}

export interface InvitationView {
  invitationId: string;
  groupId: string;
  /** Absent: the app's server. */
  invitedBy?: string;
  createdAt: string;
}

export const groupCard = (group: GroupRecord, owner: string): GroupCard => ({
  groupId: group.groupId,
  name: group.name,
  ...(group.introduction !== null && { introduction: group.introduction }),
  visibility: group.visibility,
  memberCount: group.memberCount,
  maxMembers: group.maxMembers,
  owner,
  createdAt: group.createdAt.toISOString(),
});

export const groupView = (group: GroupRecord, owner: string, role: Role | null): GroupView => ({
  ...groupCard(group, owner),
  conversationId: `group:${group.groupId}`,
  status: group.status,
  ...(group.announcement && { announcement: group.announcement }),
  ...(group.attributes !== null && { attributes: JSON.parse(group.attributes) as Record<string, unknown> }),
  ...(Object.fromEntries(SWITCHES.map((name) => [name, group[name] === 1])) as Record<Switch, boolean>),
  muteAll: group.muteAll === 1,
  ...(role && { role }),
});

export const memberView = (member: GroupMemberRecord): MemberView => ({
  userId: member.userId,
  role: member.role,
  ...(member.nickname !== null && { nickname: member.nickname }),
  ...(member.attributes !== null && { attributes: JSON.parse(member.attributes) as Record<string, unknown> }),
  joinedAt: member.joinedAt.toISOString(),
  ...(member.mutedUntil && { mutedUntil: untilOf(member.mutedUntil) }),
});

export const requestView = (request: RequestRecord): RequestView => ({
  requestId: request.requestId,
  userId: request.userId,
  status: request.status,
  ...(request.message !== null && { message: request.message }),
  ...(request.reason !== null && { reason: request.reason }),
  createdAt: request.createdAt.toISOString(),
});
