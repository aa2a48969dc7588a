import { Random } from './random';

/** Those that mean nothing where nobody is pushed. */
const OF_PUSHES = [
  'deciding-kill',
  'paging-kill',
  'opened-kill',
  'sending-kill',
  'closing-kill',
  'vendor-trouble',
  'keys-revoked',
] as const;
export const PUSH_FAULTS: ReadonlySet<string> = new Set(OF_PUSHES);
export const FAULTS = [
  'app-kill',
  'worker-kill',
  ...OF_PUSHES,
  'database-kill',
  'commit-kill',
  'database-stall',
  'redis-flush',
  'redis-stall',
  'redis-stop',
  'redis-absent',
  'redis-way-cut',
  'redis-way-frozen',
  'redis-inbound-frozen',
  'redis-outbound-frozen',
  'lock-waits',
  'insert-waits',
  'deadlocks',
  'duplicate-sends',
  'connections-cut',
  'answers-late',
  'excluded-before-repeat',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** One fault of a run: when it may begin, and what it chooses. */
export interface PlannedFault {
  fault: FaultName;
  /** The share of the acknowledgements that must have come before it begins. */
  after: number;
  /** Milliseconds for which it lasts, where that is its own choice. */
  lasts: number;
  /** Seeds the choices within the fault. */
  seed: number;
}

/** How long each lasts, at least and at most, in milliseconds. */
const LASTS: Readonly<Record<FaultName, [number, number]>> = {
  'app-kill': [200, 2500],
  'worker-kill': [200, 2500],
  'deciding-kill': [100, 300],
  'paging-kill': [100, 300],
  'opened-kill': [100, 300],
  'sending-kill': [100, 300],
  'closing-kill': [100, 300],
  'vendor-trouble': [3000, 4500],
  'keys-revoked': [1500, 3000],
  'database-kill': [200, 2500],
  'commit-kill': [300, 1200],
  'database-stall': [5500, 8000],
  'redis-flush': [0, 0],
  'redis-stall': [3000, 6000],
  'redis-stop': [1500, 4000],
  'redis-absent': [8000, 10_000],
  'redis-way-cut': [2500, 4000],
  'redis-way-frozen': [2500, 4000],
  'redis-inbound-frozen': [2500, 4000],
  'redis-outbound-frozen': [2500, 4000],
  'lock-waits': [2500, 4500],
  'insert-waits': [4000, 4800],
  deadlocks: [4000, 5000],
  'duplicate-sends': [4000, 6000],
  'connections-cut': [3000, 5000],
  'answers-late': [5500, 6500],
  'excluded-before-repeat': [100, 1000],
};

/** What a fault does for that long, with choices of its own. Everything works again when it ends. */
export type Strike = (lasts: number, random: Random) => Promise<void>;

/** The same seed plans the same faults: every kind in turn, in a shuffled order, spread over the run. */
export function planFaults(seed: number, kinds: readonly FaultName[], count: number): PlannedFault[] {
  const random = new Random(seed, 'nemesis');
  const order: FaultName[] = [];
  while (order.length < count && kinds.length > 0) order.push(...random.shuffle(kinds));
  return order.slice(0, count).map((fault, index) => ({
    fault,
    after: (index + 0.3 + 0.5 * random.next()) / (count + 0.5),
    lasts: random.between(...LASTS[fault]),
    seed: random.between(0, 0xffffffff),
  }));
}
