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

export type QuotaName = keyof Quotas;
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

export const quotaExceeded = (quota: QuotaName, limit: number): AppError =>
  new AppError('QUOTA_EXCEEDED', { details: { quota, limit } });
