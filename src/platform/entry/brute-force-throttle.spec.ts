import { AppError } from '../../kernel/errors/app-error';
import { readSettings } from '../config/read-settings';
import { BruteForceThrottle } from './brute-force-throttle';

const some = (): BruteForceThrottle =>
  new BruteForceThrottle(
    readSettings({
      MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      LIMIT_FAILED_LOGINS_MAX: '3',
    }),
  );

const wrong = (throttle: BruteForceThrottle, address: string, account = 'ann') =>
  throttle.attempt(account, address, () => false);
const right = (throttle: BruteForceThrottle, address: string, account = 'ann') =>
  throttle.attempt(account, address, () => true);

/** How long a refused try must wait; undefined when it was looked at. */
const waitOf = (attempt: Promise<boolean>): Promise<number | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof AppError && error.code === 'RATE_LIMITED') return error.extras.retryAfterMs;
      throw error;
    },
  );

describe('wrong passwords for an account', () => {
  it('are so many from one address; then it waits, the owner elsewhere does not, and other accounts do not', async () => {
    const throttle = some();
    for (let n = 0; n < 3; n++) expect(await wrong(throttle, '6.6.6.6')).toBe(false);
    const wait = await waitOf(right(throttle, '6.6.6.6'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual((15 * 60_000) / 3);
    expect(await right(throttle, '1.1.1.1')).toBe(true);
    expect(await wrong(throttle, '6.6.6.6', 'bob')).toBe(false);
  });

  it('count while they are being compared, and right ones do not count', async () => {
    const throttle = some();
    const slow = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20));
    const many = Array.from({ length: 5 }, () => waitOf(throttle.attempt('ann', '6.6.6.6', slow)));
    expect((await Promise.all(many)).filter((wait) => wait !== undefined)).toHaveLength(2);
    for (let n = 0; n < 20; n++) expect(await right(throttle, '1.1.1.1')).toBe(true);
  });

  it('from many addresses share an allowance, which says when to come again, and never holds up who got in before', async () => {
    const throttle = some();
    expect(await right(throttle, '1.1.1.1')).toBe(true);
    for (let n = 0; n < 15; n++) expect(await wrong(throttle, `6.6.6.${n}`)).toBe(false);
    // Those who wait for their turn, all of which are taken after ten seconds' worth.
    const waiting = Array.from({ length: 8 }, (_, n) => waitOf(wrong(throttle, `7.7.7.${n}`)));
    const refused = await Promise.race(waiting);
    expect(refused).toBeGreaterThan(0);
    expect(await right(throttle, '1.1.1.1')).toBe(true);
    expect(await wrong(throttle, '7.7.7.1', 'bob')).toBe(false);
    expect(await Promise.all(waiting)).toContain(undefined);
  }, 20_000);

  it('that could not be compared are none', async () => {
    const throttle = some();
    for (let n = 0; n < 10; n++) {
      const busy = throttle.attempt('ann', '1.1.1.1', () => Promise.reject(new AppError('BUSY')));
      await expect(busy).rejects.toMatchObject({ code: 'BUSY' });
    }
    expect(await right(throttle, '1.1.1.1')).toBe(true);
  });

  it('are counted by the network of an IPv6 address, all of which its owner has', async () => {
    const throttle = some();
    for (let n = 0; n < 3; n++) await wrong(throttle, `2001:db8:1:2::${n}`);
    expect(await waitOf(wrong(throttle, '2001:db8:1:2:ffff::1'))).toBeGreaterThan(0);
  });
});
