import { aStrayCaller } from '../../../test/support/caller';
import type { UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { LimitSettings, Settings } from '../config/settings';
import { BUDGETS, type BudgetName, type RateSubjectKind, timesCounted, timesCountedText } from './budgets';
import { addressKey, hasRate, RateLimiter } from './rate-limiter';

const app = { pk: 7, appId: 'app', version: 1 };
const user = (userPk: number, socketId?: string): UserCaller =>
  aStrayCaller(userPk, { app, ...(socketId && { socketId }) });

const ratesWith = (limits: Partial<LimitSettings> = {}): RateLimiter =>
  new RateLimiter(Object.assign(new Settings(), { limits: Object.assign(new LimitSettings(), limits) }));

/** How often something goes well before it is refused, and how it is refused. */
function until(refused: () => void): { taken: number; error: AppError } {
  for (let taken = 0; taken < 100_000; taken++) {
    try {
      refused();
    } catch (error) {
      if (error instanceof AppError) return { taken, error };
      throw error;
    }
  }
  throw new Error('never refused');
}

describe('the rate limiter', () => {
  const rates = ratesWith({ userSendsBurst: 2, userSendsPerSecond: 1, appSendsBurst: 5, appSendsPerSecond: 1 });

  it('belong to a user and not to a socket', () => {
    const few = ratesWith({ callsBurst: 3, callsPerSecond: 1 });
    for (const socket of ['a', 'b', undefined]) few.consume('calls', user(1, socket));
    expect(() => few.consume('calls', user(1, 'new'))).toThrow(AppError);
    expect(() => few.consume('calls', user(2, 'new'))).not.toThrow();
  });

  it('say which budget is spent and when there is more', () => {
    const { taken, error } = until(() => rates.consume('sends', user(1)));
    expect(taken).toBe(2);
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      extras: { details: { budget: 'sends' }, retryAfterMs: expect.any(Number) },
    });
  });

  it('differ between kinds of callers, even of the same key', () => {
    expect(until(() => rates.consume('sends', { kind: 'app', app: { ...app, pk: 1 } })).taken).toBe(5);
  });

  it('counts a large call once more for each 8 KiB, and never more than there can be', () => {
    expect([0, 8191, 8192, 32_768, 65_535].map(timesCounted)).toEqual([1, 1, 2, 5, 8]);
    expect(['', 'x'.repeat(8191), 'x'.repeat(8192), 'é'.repeat(4096)].map(timesCountedText)).toEqual([1, 1, 2, 2]);
    const few = ratesWith({ userSendsBurst: 10, userSendsPerSecond: 0.001 });
    expect(until(() => few.consumeCall('sends', user(1), 5)).taken).toBe(2);
    expect(until(() => few.consumeCall('sends', user(2), 1)).taken).toBe(10);
    expect(until(() => few.consumeCall('sends', user(3), 1000)).taken).toBe(1);
    const strangers = ratesWith({ loginsBurst: 1, loginsPerSecond: 0.001 });
    expect(until(() => strangers.consumeByAddress('calls', '192.0.2.1', 3)).taken).toBe(1);
  });

  it.each<[BudgetName, RateSubjectKind, boolean]>([
    ['calls', 'operator', true],
    ['sends', 'app', true],
    ['sends', 'developer', false],
    ['creations', 'app', false],
    ['handshakes', 'address', false],
  ])('of %s can be drawn from by a %s: %s', (budget, subject, can) => expect(hasRate(budget, subject)).toBe(can));

  it('name only budgets that somebody can draw from', () => {
    for (const [name, { of }] of Object.entries(BUDGETS)) expect([name, Object.keys(of)]).not.toEqual([name, []]);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002:0:0:0:1', '2001:db8:1:2'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['not an address', 'not an address'],
  ])('%s counts as %s', (address, key) => expect(addressKey(address)).toBe(key));
});
