import { TokenBuckets } from './token-buckets';

describe('token buckets', () => {
  const clock = { now: 1000 };
  const fresh = (max = 100) => new TokenBuckets({ perSecond: 10, burst: 3, max }, () => clock.now);

  it('lets a burst through, then one call per interval, and says how long to wait', () => {
    const buckets = fresh();
    expect([1, 2, 3].map(() => buckets.take('ann'))).toEqual([0, 0, 0]);
    expect(buckets.take('ann')).toBe(100);
    clock.now += 60;
    expect(buckets.take('ann')).toBe(40);
    clock.now += 40;
    expect(buckets.take('ann')).toBe(0);
    expect(buckets.take('ann')).toBe(100);
  });

  it('keeps one key from another', () => {
    const buckets = fresh();
    buckets.take('ann', 3);
    expect(buckets.take('ann')).toBeGreaterThan(0);
    expect(buckets.take('bob')).toBe(0);
  });

  it('never saves up more than the burst', () => {
    const buckets = fresh();
    buckets.take('ann');
    clock.now += 3_600_000;
    expect(buckets.take('ann', 3)).toBe(0);
    expect(buckets.take('ann')).toBe(100);
  });

  it('takes nothing when it refuses', () => {
    const buckets = fresh();
    expect(buckets.take('ann', 4)).toBe(100);
    expect(buckets.take('ann', 3)).toBe(0);
  });

  it('gives out what will be there soon, each token once, and no more than one may wait for', () => {
    const buckets = fresh();
    buckets.take('ann', 3);
    expect([1, 2, 3].map(() => buckets.reserve('ann', 250))).toEqual([100, 200, undefined]);
    clock.now += 100;
    expect(buckets.reserve('ann', 250)).toBe(200);
    expect(buckets.take('ann')).toBe(300);
  });

  it('forgets the key unused for longest, so that memory is bounded', () => {
    const buckets = fresh(2);
    buckets.take('ann', 3);
    buckets.take('bob', 3);
    buckets.take('cid', 3);
    expect(buckets.take('cid')).toBe(100);
    expect(buckets.take('ann')).toBe(0);
  });

  it('forgets no key that is in use, however many others come, as long as those are fewer than half of the maximum', () => {
    const buckets = fresh(100);
    buckets.take('ann', 3);
    for (let other = 0; other < 10_000; other++) {
      buckets.take(other);
      if (other % 49 === 0) expect(buckets.take('ann')).toBe(100);
    }
  });
});
