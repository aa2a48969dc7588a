import { AppError } from '../../kernel/errors/app-error';
import { readSettings } from '../../platform/config/settings';
import { LoginThrottle } from './login-throttle';

const aThrottle = (): LoginThrottle =>
  new LoginThrottle(
    readSettings({
      MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      LIMIT_FAILED_LOGINS_MAX: '3',
    }),
  );

const waitOf = (work: () => unknown): number => {
  try {
    work();
    return 0;
  } catch (error) {
    if (error instanceof AppError && error.code === 'RATE_LIMITED') return error.extras.retryAfterMs ?? -1;
    throw error;
  }
};

describe('failed logins', () => {
  it('make the account wait, from wherever they come, and say for how long', () => {
    const throttle = aThrottle();
    for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) throttle.attempt('ann', address, true).wrong();
    const wait = waitOf(() => throttle.attempt('ann', '4.4.4.4', true));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual((15 * 60_000) / 3);
    expect(waitOf(() => throttle.attempt('bob', '1.1.1.1', true))).toBe(0);
  });

  it('do not lock out the owner where it logged in before', () => {
    const throttle = aThrottle();
    throttle.attempt('ann', 'home', true).right();
    for (let n = 0; n < 3; n++) throttle.attempt('ann', 'stranger', true).wrong();
    expect(waitOf(() => throttle.attempt('ann', 'stranger', true))).toBeGreaterThan(0);
    expect(waitOf(() => throttle.attempt('ann', 'home', true).right())).toBe(0);
    for (let n = 0; n < 3; n++) throttle.attempt('ann', 'home', true).wrong();
    expect(waitOf(() => throttle.attempt('ann', 'home', true))).toBeGreaterThan(0);
  });

  it('count while they are still being decided, where the password can be guessed', () => {
    const throttle = aThrottle();
    for (let n = 0; n < 3; n++) throttle.attempt('ann', 'a', true);
    expect(waitOf(() => throttle.attempt('ann', 'b', true))).toBeGreaterThan(0);
  });

  it('are not what right logins are, however many at once', () => {
    const throttle = aThrottle();
    const attempts = Array.from({ length: 50 }, () => throttle.attempt('ann', 'home', false));
    for (const attempt of attempts) attempt.right();
    for (let n = 0; n < 50; n++) throttle.attempt('ann', 'home', true).right();
    expect(waitOf(() => throttle.attempt('ann', 'elsewhere', true))).toBe(0);
  });
});
