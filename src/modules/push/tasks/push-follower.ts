import { Injectable } from '@nestjs/common';
import type { SqlExecutor } from '../../../platform/database/sql';
import { type Follower, Followers, type StoredPlace } from '../../conversations';
import type { FanoutItem } from './fanout-items';
import { PushFanouts } from './push-fanouts';
import { PushPump } from './push-pump';
import { PushUse } from './push-use';

/** Messages of one row: more would keep too many waiting for one page to fail. */
const ITEMS_MAX = 200;

/** Takes over what was stored and delivered: from then on push owes something for it. */
@Injectable()
export class PushFollower implements Follower {
  constructor(
    private readonly fanouts: PushFanouts,
    private readonly use: PushUse,
    private readonly pump: PushPump,
    followers: Followers,
  ) {
    followers.register(this);
  }

  wants(appPks: readonly number[]): Promise<ReadonlySet<number>> {
    return this.use.of(appPks);
  }

  async follow(tx: SqlExecutor, places: readonly StoredPlace[]): Promise<void> {
    const byApp = new Map<number, FanoutItem[]>();
    for (const { appPk, conversationPk, seq } of places) {
      const items = byApp.get(appPk);
      if (items) items.push({ c: conversationPk, s: seq });
      else byApp.set(appPk, [{ c: conversationPk, s: seq }]);
    }
    for (const [appPk, items] of byApp) {
      for (let at = 0; at < items.length; at += ITEMS_MAX)
        await this.fanouts.add(tx, [{ appPk, items: items.slice(at, at + ITEMS_MAX) }]);
    }
  }

  followed(appPks: readonly number[]): void {
    for (const appPk of appPks) this.pump.nudge('push-decide', appPk);
  }
}
