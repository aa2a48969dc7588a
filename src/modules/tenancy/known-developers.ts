import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RowCache } from '../../platform/database/row-cache';
import { Live } from '../../platform/realtime/live';
import { DevelopersRepository, type KnownDeveloper } from './developers.repository';

/** Tells an accountSid from an appId, so that one look-up decides. */
export const DEVELOPER_SID_PREFIX = 'dev_';
/** Nodes agree within this time even when they cannot tell each other. */
const FRESH_MS = 2000;
const KEPT = 10_000;

/** What calls of developers are checked against, kept in memory. */
@Injectable()
export class KnownDevelopers {
  private readonly pks = new LRUCache<string, number>({ max: KEPT });
  private readonly rows: RowCache<KnownDeveloper>;

  constructor(
    private readonly repository: DevelopersRepository,
    private readonly live: Live,
  ) {
    this.rows = new RowCache({ load: (pk) => repository.known(pk), max: KEPT, ttlMs: FRESH_MS });
    live.onForget('developer', (_, pk) => this.rows.drop(pk));
  }

  async find(accountSid: string): Promise<KnownDeveloper | undefined> {
    const pk = this.pks.get(accountSid) ?? (await this.repository.pkOf(accountSid));
    if (pk === undefined) return undefined;
    this.pks.set(accountSid, pk);
    return this.rows.get(pk);
  }

  /** After a change was committed: on every node, and the caches of its apps with it. */
  changed(developerPk: number, appPks: readonly number[]): void {
    this.live.forget({ cache: 'developer', appPk: 0, pk: developerPk });
    for (const pk of appPks) this.live.forget({ cache: 'app', appPk: pk, pk });
  }
}
