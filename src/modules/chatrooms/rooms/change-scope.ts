import type { TenantCaller } from '../../../kernel/caller';
import type { ChatroomEvent } from '../../../kernel/contracts/socket-events';
import { AppError } from '../../../kernel/errors/app-error';
import type { SqlExecutor } from '../../../platform/database/sql';
import type { Named } from '../../accounts';
import type { ChangeContext } from '../../conversations';
import type { ChatroomRecord, RoomStanding } from './chatroom-records';

/** `manager`: the app's server and super-admins, who may do all that it may. */
export type Rank = 'manager' | 'owner' | 'admin' | 'none';

/** Something that happened in a room, as `chatroom:event` reports it. */
export interface DomainEvent {
  readonly kind: ChatroomEvent['kind'];
  readonly users: readonly Named[];
  /** Further fields of the event. */
  readonly more?: Record<string, unknown>;
}

/** What a change works with: the room, read while its conversation's row is locked, and the caller. */
export interface ChangeScope extends ChangeContext {
  readonly tx: SqlExecutor;
  readonly caller: TenantCaller;
  readonly room: ChatroomRecord;
  readonly rank: Rank;
}

/** What a change returns to its caller, and what is broadcast about it. */
export interface ChangeResult<T> {
  readonly result: T;
  readonly events?: readonly DomainEvent[];
  /** Users who are removed: their earlier visits no longer count. */
  readonly removed?: readonly Named[];
  readonly closed?: true;
  readonly reopened?: true;
  /** Whether distribution is stopped; set when that changes. */
  readonly stopped?: boolean;
}

/** Only the app's server and super-admins may go on. @throws AppError FORBIDDEN */
export function assertManager(rank: Rank): void {
  if (rank !== 'manager') {
    throw new AppError('FORBIDDEN', { message: 'Only the app server and super-admins may do this.' });
  }
}

/** The room's owner and admins may go on as well. @throws AppError FORBIDDEN */
export function assertModerator(rank: Rank): void {
  if (rank === 'none') throw new AppError('FORBIDDEN', { message: 'Only the admins of the room may do this.' });
}

/** Admins may not act on the owner or on each other. @throws AppError FORBIDDEN */
export function assertAbove({ rank, room }: Pick<ChangeScope, 'rank' | 'room'>, { userPk, admin }: RoomStanding): void {
  if (rank === 'manager' || (rank === 'owner' && room.ownerPk !== userPk)) return;
  if (room.ownerPk !== userPk && admin === 0) return;
  throw new AppError('FORBIDDEN', { message: 'Not to the owner, nor by one admin to another.' });
}
