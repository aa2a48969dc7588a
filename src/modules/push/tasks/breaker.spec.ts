import { Breaker } from './breaker';

const clock = { now: 0 };
const fresh = () => {
  clock.now = 1000;
  const options = { failures: 3, baseMs: 100, maxMs: 1000, probes: 2 };
  // In the middle of the spread: a pause is as long as it says.
  return new Breaker(
    options,
    () => clock.now,
    () => 0.5,
  );
};
const fails = (breaker: Breaker, times: number, key = 'app'): void => {
  for (let n = 0; n < times; n++) breaker.failed(key);
};

describe('a breaker', () => {
  it('lets everybody through until so many have failed in a row', () => {
    const breaker = fresh();
    fails(breaker, 2);
    expect(breaker.admit('app')).toBe(0);
    breaker.succeeded('app');
    fails(breaker, 2);
    expect(breaker.admit('app')).toBe(0);
    fails(breaker, 1);
    expect(breaker.admit('app')).toBe(100);
  });

  it('holds up nobody else', () => {
    const breaker = fresh();
    fails(breaker, 3, 'one');
    expect([breaker.admit('one'), breaker.admit('other')]).toEqual([100, 0]);
  });

  it('lets a few try when the pause is over, and the others wait for what becomes of them', () => {
    const breaker = fresh();
    fails(breaker, 3);
    clock.now += 99;
    expect(breaker.admit('app')).toBe(1);
    clock.now += 1;
    expect([1, 2, 3].map(() => breaker.admit('app'))).toEqual([0, 0, 100]);
    breaker.succeeded('app');
    expect([1, 2, 3, 4].map(() => breaker.admit('app'))).toEqual([0, 0, 0, 0]);
  });

  it('pauses twice as long each time that those who try fail, up to a bound', () => {
    const breaker = fresh();
    fails(breaker, 3);
    const pauses: number[] = [];
    for (let n = 0; n < 6; n++) {
      const pause = breaker.admit('app');
      pauses.push(pause);
      clock.now += pause;
      expect(breaker.admit('app')).toBe(0);
      fails(breaker, 1);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('is not opened further by those who were under way when it opened', () => {
    const breaker = fresh();
    fails(breaker, 30);
    expect(breaker.admit('app')).toBe(100);
  });

  it('waits for as long as whoever refused asked for', () => {
    const breaker = fresh();
    fails(breaker, 2);
    breaker.failed('app', 5000);
    expect(breaker.admit('app')).toBe(5000);
  });
});
