import { Injectable } from '@nestjs/common';
import type { Priority } from '../../../kernel/contracts/message';
import { AppError } from '../../../kernel/errors/app-error';
import { Settings } from '../../../platform/config/settings';
import { TokenBuckets } from '../../../platform/entry/token-buckets';
import type { Sender } from '../../conversations';
import { roomMetrics } from './metrics';
import { RosterSync } from './roster-sync';

const ROOMS_MAX = 50_000;
/** Messages of low priority are refused while less than this part of a second's rate is left. */
const RESERVED_FOR_NORMAL = 0.5;

/**
 * Limits how many messages a room accepts each second. Every node with members of the room takes an equal part of the
 * rate, so that all together come close to it without asking each other.
 */
@Injectable()
export class RoomRates {
  private readonly all: TokenBuckets;
  /** A second budget of the same size for users' messages of high priority. The app server's messages are never refused. */
  private readonly high: TokenBuckets;
  private readonly reserved: number;

  constructor(
    { limits: { roomSendsPerSecond: rate } }: Settings,
    private readonly rosterSync: RosterSync,
  ) {
    this.all = new TokenBuckets({ perSecond: rate, burst: rate, max: ROOMS_MAX });
    this.high = new TokenBuckets({ perSecond: rate, burst: rate, max: ROOMS_MAX });
    this.reserved = rate * RESERVED_FOR_NORMAL;
  }

  /** @throws AppError ROOM_BUSY */
  take(room: number, sender: Sender | null, priority: Priority): void {
    const cost = Math.max(1, this.rosterSync.rosters.nodeCount(room));
    if (priority === 'low') this.refuse(this.all.missing(room, cost + this.reserved), priority);
    const waitMs = this.all.take(room, cost);
    if (waitMs === 0 || !sender?.session) return;
    if (priority === 'high') this.refuse(this.high.take(room, cost), priority);
    else this.refuse(waitMs, priority);
  }

  private refuse(retryAfterMs: number, priority: Priority): void {
    if (retryAfterMs === 0) return;
    roomMetrics.refused(priority);
    throw new AppError('ROOM_BUSY', { retryAfterMs });
  }
}
