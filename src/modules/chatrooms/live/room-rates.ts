import { Injectable } from '@nestjs/common';
import type { Priority } from '../../../kernel/contracts/message';
import { AppError } from '../../../kernel/errors/app-error';
import { Settings } from '../../../platform/config/settings';
import { TokenBuckets } from '../../../platform/entry/token-buckets';
import type { Sender } from '../../conversations';
import { roomMetrics } from './metrics';
import { RosterSync } from './roster-sync';

const ROOMS_MAX = 50_000;
/** Low messages stop while this part of a second's messages is still free for normal ones. */
const KEPT_FOR_NORMAL = 0.5;

/**
 * How many messages a room takes each second, decided before one is accepted. A room's rate is shared by the nodes that
 * somebody is in it on: each takes its part, so that all together come near the whole without asking one another.
 */
@Injectable()
export class RoomRates {
  private readonly all: TokenBuckets;
  /** Users' high messages have a second share of the same size; the app's own are never refused. */
  private readonly high: TokenBuckets;
  private readonly kept: number;

  constructor(
    { limits: { roomSendsPerSecond: rate } }: Settings,
    private readonly rosterSync: RosterSync,
  ) {
    this.all = new TokenBuckets({ perSecond: rate, burst: rate, max: ROOMS_MAX });
    this.high = new TokenBuckets({ perSecond: rate, burst: rate, max: ROOMS_MAX });
    this.kept = rate * KEPT_FOR_NORMAL;
  }

  /** @throws AppError ROOM_BUSY */
  take(room: number, sender: Sender | null, priority: Priority): void {
    const cost = Math.max(1, this.rosterSync.rosters.nodeCount(room));
    if (priority === 'low') this.refuse(this.all.missing(room, cost + this.kept), priority);
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
