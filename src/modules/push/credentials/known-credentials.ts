import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Live } from '../../../platform/realtime/live';
import type { ProviderName } from '../provider';
import { type CredentialStanding, PushCredentialsRepository } from './push-credentials.repository';

/** What an app can push through: its credentials by vendor. */
export type Standings = ReadonlyMap<ProviderName, CredentialStanding>;

/** Nodes agree within this time even when they cannot tell each other. */
export const FRESH_MS = 5000;
const APPS_KEPT = 20_000;
const NONE: Standings = new Map();

/** Which apps have which credentials, for hundreds of apps a question; answers from memory while nothing changes. */
@Injectable()
export class KnownCredentials {
  private readonly kept = new LRUCache<number, Standings>({ max: APPS_KEPT, ttl: FRESH_MS });
  /** Rises with everything forgotten: what was read before is not kept after. */
  private readonly forgotten = new LRUCache<number, number>({ max: APPS_KEPT });
  private clock = 0;

  constructor(
    private readonly repository: PushCredentialsRepository,
    live: Live,
  ) {
    live.onForget('push-credentials', (appPk) => this.forget(appPk));
  }

  async of(appPks: readonly number[]): Promise<ReadonlyMap<number, Standings>> {
    const answer = new Map<number, Standings>();
    const asked: number[] = [];
    for (const appPk of new Set(appPks)) {
      const known = this.kept.get(appPk);
      if (known) answer.set(appPk, known);
      else asked.push(appPk);
    }
    if (asked.length > 0) for (const [appPk, standings] of await this.read(asked)) answer.set(appPk, standings);
    return answer;
  }

  forget(appPk: number): void {
    this.forgotten.set(appPk, ++this.clock);
    this.kept.delete(appPk);
  }

  private async read(appPks: number[]): Promise<Map<number, Standings>> {
    const since = this.clock;
    const found = new Map<number, Map<ProviderName, CredentialStanding>>();
    for (const row of await this.repository.standings(appPks)) {
      const standings = found.get(row.appPk) ?? new Map<ProviderName, CredentialStanding>();
      found.set(row.appPk, standings.set(row.provider, row));
    }
    const answer = new Map<number, Standings>(appPks.map((appPk) => [appPk, found.get(appPk) ?? NONE]));
    for (const [appPk, standings] of answer) {
      if ((this.forgotten.get(appPk) ?? 0) <= since) this.kept.set(appPk, standings);
    }
    return answer;
  }
}
