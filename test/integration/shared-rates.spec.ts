import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { readSettings } from '../../src/platform/config/read-settings';
import { QueueRedis } from '../../src/platform/queues/queue-redis';
import { SharedRates } from '../../src/platform/queues/shared-rates';
import { eventually } from '../support/eventually';
import { TcpGate } from '../support/tcp-gate';

/** So slow that nothing comes back while this runs: 1 in 1000 s. */
const PER_SECOND = 0.001;
const BURST = 500;

let gate: TcpGate;
const opened: QueueRedis[] = [];

beforeAll(() => Logger.overrideLogger(false));
beforeAll(async () => (gate = await TcpGate.to(process.env.REDIS_URL ?? '')));
afterAll(async () => {
  await Promise.all(opened.map((redis) => redis.onApplicationShutdown()));
  await gate.shut();
});

/** The rates of so many processes, connected. */
async function sharedBy(processes: number, perSecond = PER_SECOND): Promise<SharedRates[]> {
  const settings = readSettings({
    ...process.env,
    REDIS_URL: gate.url,
    REDIS_PREFIX: `t-${randomBytes(6).toString('hex')}`,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
  const redis = Array.from({ length: processes }, () => new QueueRedis(settings));
  opened.push(...redis);
  for (const each of redis) expect(await each.readyWithin(10_000)).toBe(true);
  return redis.map((each) => new SharedRates(each, { name: 'test', perSecond, burst: BURST, max: 100 }));
}

/** How many of so many attempts, a hundred tokens each, got theirs. */
const granted = async (rates: readonly SharedRates[], attempts: number, key = 'app'): Promise<number> => {
  const waits = await Promise.all(Array.from({ length: attempts }, (_, n) => rates[n % rates.length].take(key, 100)));
  return waits.filter((wait) => wait === 0).length;
};

describe('a rate that processes share', () => {
  it('lets all of them together take one burst, whoever comes first', async () => {
    const rates = await sharedBy(3);
    expect(await granted(rates, 21)).toBe(5);
    expect(await granted(rates, 6)).toBe(0);
  });

  it('keeps one key from another, and takes nothing where it refuses', async () => {
    const [one, two] = await sharedBy(2);
    expect(await one.take('app', BURST - 1)).toBe(0);
    expect(await two.take('app', 2)).toBeGreaterThan(0);
    expect(await two.take('app', 1)).toBe(0);
    expect(await two.take('other', BURST)).toBe(0);
  });

  it('says when it will be there, and fills up again, never above the burst', async () => {
    const [one, two] = await sharedBy(2, 1000);
    expect(await one.take('app', BURST)).toBe(0);
    const wait = await two.take('app', BURST);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(BURST);
    await eventually('it is full again', async () => (await two.take('app', BURST)) === 0);
    expect(await one.take('app', BURST)).toBeGreaterThan(0);
  });

  it('asked for more than a burst, gives a whole one', async () => {
    const [one, two] = await sharedBy(2);
    expect(await one.take('app', 10 * BURST)).toBe(0);
    expect(await two.take('app', 1)).toBeGreaterThan(0);
  });

  it('goes on without Redis at its share, and is shared again when Redis is back', async () => {
    const rates = await sharedBy(2);
    // The second time, each has heard of the other.
    for (const each of [...rates, ...rates]) expect(await each.take('warm', 1)).toBe(0);
    const emptyToFullMs = (BURST / PER_SECOND) * 1000;
    await gate.shut();
    for (const each of rates) {
      expect(await granted([each], 6)).toBe(5);
      // What is missing comes back half as fast: the other one has its half.
      expect(await each.take('app', BURST)).toBeGreaterThan(emptyToFullMs * 1.5);
    }
    await gate.open();
    for (const each of opened.slice(-2)) expect(await each.readyWithin(10_000)).toBe(true);
    expect(await granted(rates, 21, 'later')).toBe(5);
  });

  it('is given back to all of them', async () => {
    const [one, two] = await sharedBy(2);
    expect(await one.take('app', BURST)).toBe(0);
    expect(await two.take('app', 1)).toBeGreaterThan(0);
    await one.give('app', 2);
    expect(await two.take('app', 2)).toBe(0);
    expect(await one.take('app', 1)).toBeGreaterThan(0);
    // Never more than there was.
    await two.give('other', BURST);
    expect(await two.take('other', BURST)).toBe(0);
    expect(await one.take('other', 1)).toBeGreaterThan(0);
  });

  it('is lent to who will wait, each token once, and says how long', async () => {
    const [one, two] = await sharedBy(2, 1);
    expect(await one.take('app', BURST)).toBe(0);
    for (const [n, each] of [one, two, one].entries()) {
      const { taken, waitMs } = await each.reserve('app', 3000);
      expect([taken, Math.ceil(waitMs / 1000)]).toEqual([true, n + 1]);
    }
    expect(await two.reserve('app', 3000)).toMatchObject({ taken: false });
    expect(await two.reserve('another', 3000)).toEqual({ taken: true, waitMs: 0 });
  });

  it('keeps nobody waiting for a Redis that is frozen, and lets nobody take twice what it took itself', async () => {
    const [one] = await sharedBy(1);
    expect(await one.take('app', BURST - 100)).toBe(0);
    gate.hush();
    try {
      const began = performance.now();
      expect(await one.take('app', 100)).toBe(0);
      expect(await one.take('app', 100)).toBeGreaterThan(0);
      for (let n = 0; n < 20; n++) await one.take('other', 1);
      expect(performance.now() - began).toBeLessThan(1500);
    } finally {
      gate.speak();
    }
  });
});

describe('a process without Redis', () => {
  it('has the whole rate for itself', async () => {
    const alone = new SharedRates(undefined, { name: 'test', perSecond: PER_SECOND, burst: BURST, max: 100 });
    expect(await granted([alone], 21)).toBe(5);
    await alone.give('app', 100);
    expect(await granted([alone], 3)).toBe(1);
    expect(await alone.reserve('new', 1000)).toEqual({ taken: true, waitMs: 0 });
  });
});
