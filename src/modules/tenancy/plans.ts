import { AppError } from '../../kernel/errors/app-error';

/** What a plan may limit. A quota that is absent does not limit. */
export interface Quotas {
  /** Users of one app. */
  users?: number;
  /** Members of one group. */
  groupMembers?: number;
  /** Days that messages are kept. */
  historyDays?: number;
  /** Apps of the developer. */
  apps?: number;
}

/** `waitingNames` follows from `users`. */
export type QuotaName = keyof Quotas | 'waitingNames';
export type Plan = 'unlimited' | 'trial';

export const PLANS: Record<Plan, Quotas> = {
  unlimited: {},
  trial: { users: 100, groupMembers: 20, historyDays: 7 },
};

/** The quotas in force: the plan's, with what was agreed for this developer on top. */
export const quotasOf = (plan: Plan, agreed: string | null): Quotas => ({
  ...PLANS[plan],
  ...(agreed ? (JSON.parse(agreed) as Quotas) : {}),
});

/** Names that were written to and never logged in are no users yet; a plan that limits users keeps so many of them a user. */
const WAITING_NAMES_PER_USER = 10;

export const waitingNamesMax = ({ users }: Quotas): number | undefined =>
  users === undefined ? undefined : WAITING_NAMES_PER_USER * users;

export const quotaExceeded = (quota: QuotaName, limit: number): AppError =>
  new AppError('QUOTA_EXCEEDED', { details: { quota, limit } });
