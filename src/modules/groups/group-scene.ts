import type { TenantCaller } from '../../kernel/caller';
import type { GroupEvent } from '../../kernel/contracts/socket-events';
import { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';
import type { Named } from '../accounts';
import type { ChangeContext } from '../conversations';
import type { GroupRecord, Standing } from './group-records';

/** What was done, as the group's log and `group:event` tell it. */
export interface Happening {
  readonly kind: GroupEvent['kind'];
  readonly users: readonly Named[];
  /** Further fields of the event. */
  readonly more?: Record<string, unknown>;
}

/** A group while its conversation's row is locked, and who asks. */
export interface Scene extends ChangeContext {
  readonly tx: SqlExecutor;
  readonly caller: TenantCaller;
  readonly group: GroupRecord;
  /** How the asking user stands; undefined for the app's server. */
  readonly standing?: Standing;
}

/** What only some are told. */
export interface Telling extends Happening {
  readonly to: readonly number[];
  /** In their own event logs as well, for while they are away. */
  readonly kept?: boolean;
  /** What it is about (a request): a later event about it replaces this one. Its kind, when absent. */
  readonly about?: string;
}

export interface Outcome<T> {
  readonly result: T;
  /** Written into the log and told to everybody in, and to those it is about. */
  readonly happened?: readonly Happening[];
  readonly told?: readonly Telling[];
  /** Those who were in and are no longer: their own event log keeps what happened. */
  readonly gone?: readonly number[];
  /** Those who came in: they hear the group from the first of these notices on. */
  readonly entered?: readonly Named[];
}

type Asking = Pick<Scene, 'caller' | 'group' | 'standing'>;

export const isApp = ({ caller }: Asking): boolean => caller.kind === 'app';
export const isOwner = ({ caller, group }: Asking): boolean =>
  caller.kind === 'user' && group.ownerPk === caller.userPk;
const isAdmin = ({ standing }: Asking): boolean => standing?.role === 'admin';
export const isMember = ({ standing }: Asking): boolean => !!standing?.role;

/** To those outside, a private group does not exist. */
export function assertVisible(asking: Asking): void {
  if (asking.group.status === 'dissolved') throw new AppError('GROUP_NOT_FOUND');
  if (isApp(asking) || isOwner(asking) || isMember(asking) || asking.group.visibility === 'public') return;
  throw new AppError('GROUP_NOT_FOUND');
}

export function assertMember(asking: Asking): void {
  assertVisible(asking);
  if (!isApp(asking) && !isOwner(asking) && !isMember(asking)) throw new AppError('NOT_MEMBER');
}

/** The owner, the admins where `admins` says so, and the app's server. */
export function assertManager(asking: Asking, admins: boolean): void {
  assertMember(asking);
  if (isApp(asking) || isOwner(asking) || (admins && isAdmin(asking))) return;
  throw new AppError('FORBIDDEN', { message: `Only the owner${admins ? ' and admins' : ''} may do this.` });
}

/** Everybody in where the group says so, else who manages it. */
export function assertMayInvite(asking: Asking): void {
  if (asking.group.membersMayInvite === 1) assertMember(asking);
  else assertManager(asking, true);
}

/** Admins decide about members, not about the owner or each other. */
export function assertAbove(asking: Asking, { role }: Pick<Standing, 'role'>): void {
  if (isApp(asking) || isOwner(asking) || !role || role === 'member') return;
  throw new AppError('FORBIDDEN', { message: 'Only the owner may do this to an admin.' });
}
