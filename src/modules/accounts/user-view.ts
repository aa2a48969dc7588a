import type { Warning } from '../../kernel/contracts/warning';
import type { WireError } from '../../kernel/errors/app-error';
import type { UserRecord } from './users.repository';

/** What every user of the app may see of another. */
export interface PublicProfile {
  userId: string;
  nickname?: string;
  avatarUrl?: string;
}

/** What a user sees of itself. */
export interface OwnProfile extends PublicProfile {
  /** Fixed mode: the generated login name. */
  account?: string;
  profile?: Record<string, unknown>;
  createdAt: string;
}

/** What the app's server sees. */
export interface UserView extends OwnProfile {
  status: 'active' | 'deactivated';
  /** False for a name that was only written to so far. */
  registered: boolean;
  lastLoginAt?: string;
}

export interface CreatedUser extends UserView {
  /** What was taken as it was and is still not wise. */
  warnings?: Warning[];
  /** Fixed mode, when none was chosen: generated, and shown this once. */
  password?: string;
}

/** One item of a batch. */
export type CreatedItem = { ok: true; user: CreatedUser } | { ok: false; error: WireError };

export const publicProfile = ({ userId, nickname, avatarUrl }: UserRecord): PublicProfile => ({
  userId,
  ...(nickname !== null && { nickname }),
  ...(avatarUrl !== null && { avatarUrl }),
});

export const ownProfile = (user: UserRecord): OwnProfile => ({
  ...publicProfile(user),
  ...(user.account !== null && { account: user.account }),
  ...(user.profile !== null && { profile: JSON.parse(user.profile) as Record<string, unknown> }),
  createdAt: user.createdAt.toISOString(),
});

export const userView = (user: UserRecord): UserView => ({
  ...ownProfile(user),
  status: user.status === 'deactivated' ? 'deactivated' : 'active',
  registered: user.registered === 1,
  ...(user.lastLoginAt !== null && { lastLoginAt: user.lastLoginAt.toISOString() }),
});
