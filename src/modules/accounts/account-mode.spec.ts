import { AppError } from '../../kernel/errors/app-error';
import { AppSettings, type App } from '../tenancy';
import { ACCOUNT_MODES, GENERATED_PASSWORD } from './account-mode';

const { fixed, arbitrary } = ACCOUNT_MODES;

const anApp = (settings: Partial<AppSettings> = {}): App => ({
  pk: 1,
  appId: 'app_a',
  version: 1,
  developerPk: 1,
  accountMode: 'arbitrary',
  status: 'online',
  settings: Object.assign(new AppSettings(), settings),
  quotas: {},
  tokensValidFrom: 0,
});

const fieldOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_REQUEST') return error.extras.field;
    throw error;
  }
};

describe('fixed mode', () => {
  it('gives every user an account and a password of 128 bits and more, no two alike', () => {
    const made = Array.from({ length: 200 }, () => fixed.newcomer(anApp(), {}));
    const passwords = made.map(({ password }) => (password && 'generated' in password ? password.generated : ''));
    expect(new Set(made.map(({ account }) => account)).size).toBe(200);
    expect(new Set(made.map(({ userId }) => userId)).size).toBe(200);
    expect(new Set(passwords).size).toBe(200);
    for (const password of passwords) expect(password).toMatch(GENERATED_PASSWORD);
    expect(26 * 5).toBeGreaterThanOrEqual(128);
  });

  it('takes any id that the contract allows, however long, and a password of the app’s choice', () => {
    expect(fixed.newcomer(anApp(), { userId: 'g' })).toMatchObject({ userId: 'g' });
    expect(fixed.newcomer(anApp(), { userId: 'A.b@c_d-1'.padEnd(64, 'x'), password: 'hunter22' })).toMatchObject({
      password: { chosen: 'hunter22' },
    });
  });

  it('refuses ids outside ASCII and chosen passwords that look generated', () => {
    for (const userId of ['', '.', '..', 'a b', 'é', '用户', 'a:b', 'a/b', 'x'.repeat(65), 'a\n']) {
      expect(fieldOf(() => fixed.newcomer(anApp(), { userId }))).toBe('userId');
    }
    expect(fieldOf(() => fixed.newcomer(anApp(), { password: 'a'.repeat(26) }))).toBe('password');
  });

  it('lets nobody write to a name that no user has', () => {
    expect(fixed.awaitsUnknown(anApp(), 'somebody')).toBe(false);
    expect(fixed.registersAtLogin).toBe(false);
  });
});

describe('arbitrary mode', () => {
  it('wants the app’s own name and no password', () => {
    expect(fieldOf(() => arbitrary.newcomer(anApp(), {}))).toBe('userId');
    expect(fieldOf(() => arbitrary.newcomer(anApp(), { userId: 'alice', password: 'secret!' }))).toBe('password');
    expect(arbitrary.newcomer(anApp(), { userId: 'alice' })).toEqual({
      userId: 'alice',
      account: null,
      password: null,
    });
  });

  it('refuses a leading g or G, no character and more than 64', () => {
    for (const userId of ['', 'x'.repeat(65), 'ginger', 'Ginger', '张三李四王', 'ann bob', 'ann#1']) {
      expect(fieldOf(() => arbitrary.checkName(anApp(), userId))).toBe('userId');
    }
    for (const userId of ['alice', 'a', 'x'.repeat(64), 'magic', 'user@b.c', '12345']) {
      expect(fieldOf(() => arbitrary.checkName(anApp(), userId))).toBeUndefined();
    }
  });

  it('follows the app’s own rule, but never leaves ASCII', () => {
    const own = anApp({ userIdRule: { minLength: 1, maxLength: 64, forbidLeadingG: false } });
    for (const userId of ['g', 'G1', 'x'.repeat(64)])
      expect(fieldOf(() => arbitrary.checkName(own, userId))).toBeUndefined();
    for (const userId of ['', 'é', 'x'.repeat(65)])
      expect(fieldOf(() => arbitrary.checkName(own, userId))).toBe('userId');
  });

  it('lets a valid unknown name wait for messages, where the app says so', () => {
    expect(arbitrary.awaitsUnknown(anApp(), 'newcomer')).toBe(true);
    expect(arbitrary.awaitsUnknown(anApp(), 'gnew')).toBe(false);
    expect(arbitrary.awaitsUnknown(anApp({ acceptUnknownRecipients: false }), 'newcomer')).toBe(false);
  });
});
