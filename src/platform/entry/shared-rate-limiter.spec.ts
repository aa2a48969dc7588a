import { AppError } from '../../kernel/errors/app-error';
import { LimitSettings, Settings } from '../config/settings';
import type { RateSubject } from './rate-limiter';
import { SharedRateLimiter } from './shared-rate-limiter';

const user = (userPk: number): RateSubject => ({ kind: 'user', userPk });
const server: RateSubject = { kind: 'app', app: { pk: 1 } };

/** Without Redis, as a process by itself; test/integration/shared-rates.spec.ts has several with it. */
const ratesWith = (limits: Partial<LimitSettings>): SharedRateLimiter =>
  new SharedRateLimiter(Object.assign(new Settings(), { limits: Object.assign(new LimitSettings(), limits) }));

/** How often something goes well before it is refused, and how it is refused. */
async function until(refused: () => Promise<void>): Promise<{ taken: number; error: AppError }> {
  for (let taken = 0; taken < 1000; taken++) {
    try {
      await refused();
    } catch (error) {
      if (error instanceof AppError) return { taken, error };
      throw error;
    }
  }
  throw new Error('never refused');
}

describe('budgets that nodes share', () => {
  it('of rare things last an hour', async () => {
    const rare = ratesWith({ creationsPerHour: 3, appCreationsPerHour: 10 });
    const { taken, error } = await until(() => rare.consume('creations', user(1)));
    expect(taken).toBe(3);
    expect(error.extras.details).toEqual({ budget: 'creations' });
    expect(error.extras.retryAfterMs).toBeGreaterThan((3600 / 3 - 60) * 1000);
    expect((await until(() => rare.consume('creations', user(2)))).taken).toBe(3);
    expect((await until(() => rare.consume('creations', server))).taken).toBe(10);
  });

  it('give back what was taken in advance', async () => {
    const few = ratesWith({ newNamesPerHour: 2 });
    await few.consume('newNames', user(1), 2);
    await few.refund('newNames', user(1), 2);
    await few.consume('newNames', user(1), 2);
  });

  it('are drawn from for what is made, and for nothing that is refused', async () => {
    const few = ratesWith({ creationsPerHour: 3 });
    const make = (n: number, made: () => Promise<string>) => few.consumeFor('creations', user(1), n, made);
    for (let i = 0; i < 10; i++) {
      const refused = make(2, () => Promise.reject(new AppError('ALREADY_EXISTS')));
      await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    }
    expect(await make(2, () => Promise.resolve('made'))).toBe('made');
    await expect(make(2, () => Promise.resolve('made'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(await make(1, () => Promise.resolve('made'))).toBe('made');
  });

  it('hold those who are at it at once to the budget', async () => {
    const few = ratesWith({ creationsPerHour: 3 });
    const slowly = () =>
      few.consumeFor('creations', user(1), 1, () => new Promise((resolve) => setTimeout(resolve, 10, 'made')));
    const ends = await Promise.allSettled(Array.from({ length: 20 }, slowly));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('say it where waiting would never help', async () => {
    const few = ratesWith({ newNamesPerHour: 3 });
    const make = jest.fn(() => Promise.resolve('made'));
    await expect(few.consumeFor('newNames', user(1), 4, make)).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
      extras: { details: { budget: 'newNames', limit: 3 } },
    });
    expect(make).not.toHaveBeenCalled();
  });

  it('of an address are shared by all that have not proven who they are', async () => {
    const slow = ratesWith({ passwordsBurst: 2, passwordsPerSecond: 1 });
    expect((await until(() => slow.consumeByAddress('passwords', '192.0.2.1'))).taken).toBe(2);
    await slow.consumeByAddress('passwords', '192.0.2.2');
  });

  it('are no door’s: each node has its own of those', async () => {
    const some = ratesWith({});
    await expect(some.consume('sends', user(1))).rejects.toThrow('no rate of user that nodes share');
  });
});
