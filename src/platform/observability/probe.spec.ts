import { Probe } from './probe';

describe('a probe', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('asks once for all who want to know at about the same time, and again after a while', async () => {
    const ask = jest.fn(() => Promise.resolve(true));
    const probe = new Probe(ask);
    expect(await Promise.all([probe.up(), probe.up()])).toEqual([true, true]);
    expect(ask).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(501);
    expect(await probe.up()).toBe(true);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('calls down who fails, or answers something else', async () => {
    expect(await new Probe(() => Promise.reject(new Error('away'))).up()).toBe(false);
    expect(await new Probe(() => Promise.resolve(false)).up()).toBe(false);
  });

  it('calls down who is silent, asks it nothing more meanwhile, and calls it up once it answers again', async () => {
    let answer: (up: boolean) => void = () => undefined;
    const ask = jest.fn(() => new Promise<boolean>((resolve) => (answer = resolve)));
    const probe = new Probe(ask);
    const first = probe.up();
    await jest.advanceTimersByTimeAsync(2000);
    expect(await first).toBe(false);
    await jest.advanceTimersByTimeAsync(5000);
    expect(await probe.up()).toBe(false);
    expect(ask).toHaveBeenCalledTimes(1);

    answer(true);
    await jest.advanceTimersByTimeAsync(0);
    const next = probe.up();
    answer(true);
    expect(await next).toBe(true);
  });
});
