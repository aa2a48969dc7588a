/** How many devices a user may be logged in on at once (an app setting). */
export interface DevicePolicy {
  kind: 'single' | 'one-per-platform' | 'multi';
  /** For `multi`: how many. */
  max: number;
}

/** A session bound to a device, as far as the policy cares. */
export interface BoundSession {
  readonly pk: number;
  readonly platform: string;
  /** When a connection last bound it; milliseconds. Equal times are told apart by the key. */
  readonly boundAt: number;
}

/** Which of the other bound sessions must end when `newcomer` connects. The newcomer itself always stays. */
export function losers(policy: DevicePolicy, newcomer: BoundSession, others: readonly BoundSession[]): BoundSession[] {
  switch (policy.kind) {
    case 'single':
      return [...others];
    case 'one-per-platform':
      return others.filter(({ platform }) => platform === newcomer.platform);
    case 'multi': {
      const oldestFirst = [...others].sort((a, b) => a.boundAt - b.boundAt || a.pk - b.pk);
      return oldestFirst.slice(0, Math.max(0, others.length + 1 - Math.max(1, policy.max)));
    }
  }
}
