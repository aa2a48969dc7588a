import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RowCache } from '../../platform/database/row-cache';
import { ProofLease } from '../../platform/realtime/proof-lease';
import { Live } from '../../platform/realtime/live';
import { DevelopersRepository, type KnownDeveloper } from './developers.repository';

/** Tells an accountSid from an appId, so that one look-up decides. */
export const DEVELOPER_SID_PREFIX = 'dev_';
const KEPT = 10_000;

/** What calls of developers are checked against, kept in memory. */
@Injectable()
export class KnownDevelopers {
  private readonly pks = new LRUCache<string, number>({ max: KEPT });
  private readonly rows: RowCache<KnownDeveloper>;

  constructor(
    private readonly repository: DevelopersRepository,
    private readonly live: Live,
    lease: ProofLease,
  ) {
    this.rows = new RowCache({
      load: (pk) => repository.known(pk),
      max: KEPT,
      counts: (readAt) => lease.counts(readAt),
    });
    live.onForget('developer', (_, pk) => this.rows.drop(pk));
  }

  async find(accountSid: string): Promise<KnownDeveloper | undefined> {
    const pk = this.pks.get(accountSid) ?? (await this.repository.pkOf(accountSid));
    if (pk === undefined) return undefined;
    this.pks.set(accountSid, pk);
    return this.rows.get(pk);
  }

  /** After a change was committed: resolves once every node goes by it, for the developer and its apps. */
  changed(developerPk: number, appPks: readonly number[]): Promise<void> {
    return this.live.forgetEverywhere(
      { cache: 'developer', appPk: 0, pk: developerPk },
      ...appPks.map((pk) => ({ cache: 'app' as const, appPk: pk, pk })),
    );
  }
}
