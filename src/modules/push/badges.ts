import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { UnreadTotals } from '../conversations';
import { PushBatches } from './tasks/push-batches';

/** Whose badge, and since when what its push tells of is stored. */
export interface BadgeOrder {
  readonly userPk: number;
  /** The batch that the push was opened in; absent where something joined it since. */
  readonly batchPk?: number;
}

interface Known {
  readonly unread: number;
  /** Read after this batch was written, so after the messages of all batches up to it. */
  readonly afterBatch: number;
}

/** What somebody reads on another device may show this much later. */
const KNOWN_MS = 500;
const READERS = 50_000;

/**
 * Badges: the true unread sum of each reader, read after whatever the push itself tells of was stored. Somebody written to
 * in twenty conversations at once gets twenty pushes, and one sum answers for all that were opened before it was read.
 */
@Injectable()
export class Badges {
  private readonly known = new LRUCache<number, Known>({ max: READERS, ttl: KNOWN_MS, ttlResolution: 50 });

  constructor(
    private readonly unread: UnreadTotals,
    private readonly batches: PushBatches,
  ) {}

  /** By reader. */
  async of(orders: readonly BadgeOrder[]): Promise<Map<number, number>> {
    const badges = new Map<number, number>();
    const asked = new Set<number>();
    for (const { userPk, batchPk } of orders) {
      const known = this.known.get(userPk);
      if (known && batchPk !== undefined && batchPk <= known.afterBatch) badges.set(userPk, known.unread);
      else asked.add(userPk);
    }
    if (asked.size === 0) return badges;
    const afterBatch = await this.batches.latest();
    for (const [userPk, unread] of await this.unread.of([...asked])) {
      this.known.set(userPk, { unread, afterBatch });
      badges.set(userPk, unread);
    }
    return badges;
  }
}
