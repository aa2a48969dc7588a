/** The ground floor's tenancy: developers, their apps, and what proves that somebody speaks for them. */
export { appRefOf, Apps, type App, type SigningKey } from './apps';
export {
  AppSettings,
  historyDaysOf,
  PUSH_STYLES,
  TOKEN_TTL_MAX_SECONDS,
  type AppPushSettings,
  type DevicePolicyKind,
  type PushStyle,
  type PushTemplate,
} from './app-settings';
export { Audit } from './audit';
export type { AccountMode, AppStatus } from './app.entity';
export { quotaExceeded, waitingNamesMax, type QuotaName, type Quotas } from './plans';
export { Provisioning } from './provisioning';
export { TenancyModule } from './tenancy.module';
