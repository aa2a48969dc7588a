import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Sql } from '../../../platform/database/sql';
import { PushChannels } from '../channels';

/** An app that pushes is asked about again after this; one that does not, every time. */
const KNOWN_MS = 60_000;

/** Which apps push at all: those with a credential, or with a device that brought a token. */
@Injectable()
export class PushUse {
  private readonly known = new LRUCache<number, true>({ max: 20_000, ttl: KNOWN_MS, ttlResolution: 1000 });

  constructor(
    private readonly sql: Sql,
    private readonly channels: PushChannels,
  ) {}

  async of(appPks: readonly number[]): Promise<ReadonlySet<number>> {
    const using = new Set(appPks.filter((appPk) => this.known.has(appPk)));
    const asked = appPks.filter((appPk) => !using.has(appPk));
    if (asked.length === 0) return using;
    // Never "no" from memory: what is sent right after an app's first token was bound must find it.
    const [rows, credentials] = await Promise.all([
      this.sql.rows<{ id: number }>(
        'SELECT a.id FROM apps a WHERE a.id IN (?) AND EXISTS (SELECT 1 FROM push_devices d WHERE d.appPk = a.id)',
        [asked],
      ),
      this.channels.states(asked),
    ]);
    for (const appPk of [...rows.map(({ id }) => id), ...credentials.keys()]) {
      this.known.set(appPk, true);
      using.add(appPk);
    }
    return using;
  }
}
