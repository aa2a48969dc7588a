import type { TenantCaller } from '../../../kernel/caller';
import type { ChatroomEvent } from '../../../kernel/contracts/socket-events';
import { AppError } from '../../../kernel/errors/app-error';
import type { SqlExecutor } from '../../../platform/database/sql';
import type { Named } from '../../accounts';
import type { ChangeContext } from '../../conversations';
import type { ChatroomRecord, RoomStanding } from './chatroom-records';

/** `manager`: the app's server, and super-admins, who may all that it may. */
export type Rank = 'manager' | 'owner' | 'admin' | 'none';

/** What was done, as `chatroom:event` tells it. */
export interface DomainEvent {
  readonly kind: ChatroomEvent['kind'];
  readonly users: readonly Named[];
  /** Further fields of the event. */
  readonly more?: Record<string, unknown>;
}

/** A room while its conversation's row is locked, and who asks. */
export interface ChangeScope extends ChangeContext {
  readonly tx: SqlExecutor;
  readonly caller: TenantCaller;
  readonly room: ChatroomRecord;
  readonly rank: Rank;
}

export interface ChangeResult<T> {
  readonly result: T;
  readonly events?: readonly DomainEvent[];
  /** Put out: no visit from before counts any more. */
  readonly removed?: readonly Named[];
  readonly closed?: true;
  readonly reopened?: true;
  /** Set where messages stop being handed out, or are again. */
  readonly stopped?: boolean;
}

/** The app's server and super-admins. */
export function assertManager(rank: Rank): void {
  if (rank !== 'manager') {
    throw new AppError('FORBIDDEN', { message: 'Only the app server and super-admins may do this.' });
  }
}

/** And the room's owner and admins. */
export function assertModerator(rank: Rank): void {
  if (rank === 'none') throw new AppError('FORBIDDEN', { message: 'Only the admins of the room may do this.' });
}

/** Admins decide about those who are in, not about the owner or each other. */
export function assertAbove({ rank, room }: Pick<ChangeScope, 'rank' | 'room'>, { userPk, admin }: RoomStanding): void {
  if (rank === 'manager' || (rank === 'owner' && room.ownerPk !== userPk)) return;
  if (room.ownerPk !== userPk && admin === 0) return;
  throw new AppError('FORBIDDEN', { message: 'Not to the owner, nor by one admin to another.' });
}
