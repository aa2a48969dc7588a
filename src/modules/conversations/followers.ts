import { Injectable } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import { Outbox } from '../../platform/queues/outbox';

/** Where a stored message is. */
export interface StoredPlace {
  readonly appPk: number;
  readonly conversationPk: number;
  readonly seq: number;
}

/** Somebody above who owes more for a message than its delivery: a push, for one. */
export interface Follower {
  /** Those of these apps whose messages it follows. Asked a few times a second, whatever is sent. */
  wants(appPks: readonly number[]): Promise<ReadonlySet<number>>;
  /** Notes these messages durably, in the transaction that takes their delivery off the outbox. */
  follow(tx: SqlExecutor, places: readonly StoredPlace[]): Promise<void>;
  /** Called after that commit. Never awaited. */
  followed(appPks: readonly number[]): void;
}

/**
 * Settles outbox rows: their messages are delivered, and whoever owes more for them takes that over in the same
 * transaction. So an effect is owed by exactly one row at any time, and apps that want none cost nothing here.
 */
@Injectable()
export class Followers {
  private readonly followers: Follower[] = [];

  constructor(
    private readonly sql: Sql,
    private readonly outbox: Outbox,
  ) {}

  register(follower: Follower): void {
    this.followers.push(follower);
  }

  /** The messages of each outbox row. Rows that somebody else settled meanwhile are left alone. */
  async settle(rows: ReadonlyMap<number, readonly StoredPlace[]>): Promise<void> {
    const appPks = [...new Set([...rows.values()].flatMap((places) => places.map(({ appPk }) => appPk)))];
    const wanted = await Promise.all(
      this.followers.map(async (follower) => ({ follower, apps: await follower.wants(appPks) })),
    );
    const wanting = wanted.filter(({ apps }) => apps.size > 0);
    if (wanting.length === 0) return this.outbox.done([...rows.keys()]);
    await this.sql.transaction(async (tx) => {
      const places = (await this.outbox.take(tx, [...rows.keys()])).flatMap((id) => rows.get(id) ?? []);
      for (const { follower, apps } of wanting) {
        const followed = places.filter(({ appPk }) => apps.has(appPk));
        if (followed.length > 0) await follower.follow(tx, followed);
      }
    });
    for (const { follower, apps } of wanting) follower.followed([...apps]);
  }
}
