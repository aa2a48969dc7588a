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

/** As many as `multi` can allow. */
const PLATFORMS_MAX = 100;

/** Which of the other bound sessions must end when `newcomer` connects. The newcomer itself always stays. */
export function losers(policy: DevicePolicy, newcomer: BoundSession, others: readonly BoundSession[]): BoundSession[] {
  switch (policy.kind) {
    case 'single':
      return [...others];
    case 'one-per-platform': {
      const [same, other] = [true, false].map((is) =>
        others.filter(({ platform }) => (platform === newcomer.platform) === is),
      );
      // Clients name their platforms, as many as they like.
      return [...same, ...oldestBeyond(PLATFORMS_MAX, other)];
    }
    case 'multi':
      return oldestBeyond(Math.max(1, policy.max), others);
  }
}

/** Those who leave no more than `max`, the newcomer counted. */
function oldestBeyond(max: number, others: readonly BoundSession[]): BoundSession[] {
  const oldestFirst = [...others].sort((a, b) => a.boundAt - b.boundAt || a.pk - b.pk);
  return oldestFirst.slice(0, Math.max(0, others.length + 1 - max));
}
