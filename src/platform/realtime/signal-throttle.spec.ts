import { SignalThrottle } from './signal-throttle';

describe('signals', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const saying =
    (throttle: SignalThrottle, sent: unknown[]) =>
    (value: unknown, key = 'ann', frames = 1): void =>
      throttle.update(key, 1, { value, frames, send: () => sent.push(value) });

  it('are sent at once, and then only the latest in each interval', () => {
    const sent: unknown[] = [];
    const say = saying(new SignalThrottle({ intervalMs: 1000 }), sent);
    for (let seq = 1; seq <= 500; seq++) say(seq);
    expect(sent).toEqual([1]);
    jest.advanceTimersByTime(1000);
    expect(sent).toEqual([1, 500]);
    jest.advanceTimersByTime(10_000);
    expect(sent).toEqual([1, 500]);
  });

  it('that say the same again are not sent again, until an interval was quiet', () => {
    const sent: unknown[] = [];
    const say = saying(new SignalThrottle({ intervalMs: 1000 }), sent);
    say(true);
    say(false);
    say(true);
    jest.advanceTimersByTime(1000);
    expect(sent).toEqual([true]);
    say(true);
    expect(sent).toEqual([true, true]);
  });

  it('of one sender and place do not hold up those of others', () => {
    const sent: unknown[] = [];
    const say = saying(new SignalThrottle({ intervalMs: 1000 }), sent);
    say('a');
    say('b', 'bob');
    expect(sent).toEqual(['a', 'b']);
  });

  it('of one place never write more than its frames, and the last of each still comes', () => {
    const sent: unknown[] = [];
    const say = saying(new SignalThrottle({ intervalMs: 1000, framesPerSecond: 100 }), sent);
    for (let sender = 0; sender < 10; sender++) say(sender, `user${sender}`, 100);
    expect(sent).toEqual([0, 1]);
    jest.advanceTimersByTime(60_000);
    expect(new Set(sent).size).toBe(10);
  });

  it('may be sent several times at once where that is allowed', () => {
    const sent: unknown[] = [];
    const say = saying(new SignalThrottle({ intervalMs: 3000, burst: 2 }), sent);
    for (const online of [true, false, true, false, true]) say(online);
    expect(sent).toEqual([true, false]);
    jest.advanceTimersByTime(3000);
    expect(sent).toEqual([true, false, true]);
  });
});
