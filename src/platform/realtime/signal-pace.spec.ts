import { SignalPace } from './signal-pace';

describe('signals', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const saying =
    (pace: SignalPace, told: unknown[]) =>
    (value: unknown, key = 'ann', frames = 1): void =>
      pace.say(key, 1, { value, frames, tell: () => told.push(value) });

  it('are told at once, and then only what was said last in each interval', () => {
    const told: unknown[] = [];
    const say = saying(new SignalPace({ intervalMs: 1000 }), told);
    for (let seq = 1; seq <= 500; seq++) say(seq);
    expect(told).toEqual([1]);
    jest.advanceTimersByTime(1000);
    expect(told).toEqual([1, 500]);
    jest.advanceTimersByTime(10_000);
    expect(told).toEqual([1, 500]);
  });

  it('that say the same again are not told again, until an interval was quiet', () => {
    const told: unknown[] = [];
    const say = saying(new SignalPace({ intervalMs: 1000 }), told);
    say(true);
    say(false);
    say(true);
    jest.advanceTimersByTime(1000);
    expect(told).toEqual([true]);
    say(true);
    expect(told).toEqual([true, true]);
  });

  it('of one sender and place do not hold up those of others', () => {
    const told: unknown[] = [];
    const say = saying(new SignalPace({ intervalMs: 1000 }), told);
    say('a');
    say('b', 'bob');
    expect(told).toEqual(['a', 'b']);
  });

  it('of one place never write more than its frames, and the last of each still comes', () => {
    const told: unknown[] = [];
    const say = saying(new SignalPace({ intervalMs: 1000, framesPerSecond: 100 }), told);
    for (let sender = 0; sender < 10; sender++) say(sender, `user${sender}`, 100);
    expect(told).toEqual([0, 1]);
    jest.advanceTimersByTime(60_000);
    expect(new Set(told).size).toBe(10);
  });

  it('may be told several times at once where that is allowed', () => {
    const told: unknown[] = [];
    const say = saying(new SignalPace({ intervalMs: 3000, burst: 2 }), told);
    for (const online of [true, false, true, false, true]) say(online);
    expect(told).toEqual([true, false]);
    jest.advanceTimersByTime(3000);
    expect(told).toEqual([true, false, true]);
  });
});
