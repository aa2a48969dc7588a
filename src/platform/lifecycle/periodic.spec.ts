import { Periodic } from './periodic';

const EVERY_MS = 1000;

describe('periodic work', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is done once an interval, and no more once it is stopped', async () => {
    let rounds = 0;
    const work = new Periodic(EVERY_MS, () => Promise.resolve(rounds++), fail);
    work.start();
    expect(rounds).toBe(0);
    await jest.advanceTimersByTimeAsync(3 * EVERY_MS);
    expect(rounds).toBe(3);
    work.stop();
    await jest.advanceTimersByTimeAsync(3 * EVERY_MS);
    expect(rounds).toBe(3);
  });

  it('is never done twice at once', async () => {
    const begun: (() => void)[] = [];
    const work = new Periodic(EVERY_MS, () => new Promise<void>((end) => begun.push(end)), fail);
    work.start();
    await jest.advanceTimersByTimeAsync(3 * EVERY_MS);
    await work.now();
    expect(begun).toHaveLength(1);
    begun[0]?.();
    await jest.advanceTimersByTimeAsync(EVERY_MS);
    expect(begun).toHaveLength(2);
    work.stop();
  });

  it('goes on after a round that failed, at once or later, and tells of it', async () => {
    const failures: unknown[] = [];
    let rounds = 0;
    const rejects = () => Promise.reject(new Error('later'));
    const throws = (): undefined => {
      throw new Error('at once');
    };
    const work = new Periodic(
      EVERY_MS,
      () => (rounds++ % 2 === 0 ? throws() : rejects()),
      (error) => failures.push((error as Error).message),
    );
    work.start();
    await jest.advanceTimersByTimeAsync(3 * EVERY_MS);
    expect(failures).toEqual(['at once', 'later', 'at once']);
    work.stop();
  });
});

function fail(error: unknown): void {
  throw error;
}
