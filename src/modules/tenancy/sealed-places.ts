import type { SealedPlace } from '../../platform/secrets/vault';

/** Where this module's sealed values live (Vault binds each to its place). */
export const placeOf = {
  authToken: (accountSid: string): SealedPlace => ({
    table: 'developers',
    column: 'authTokenSealed',
    owner: accountSid,
  }),
  idNumber: (accountSid: string): SealedPlace => ({
    table: 'developers',
    column: 'verification.idNumber',
    owner: accountSid,
  }),
  appToken: (appId: string): SealedPlace => ({ table: 'apps', column: 'appTokenSealed', owner: appId }),
  appSecret: (appId: string, kid: number): SealedPlace => ({
    table: 'app_secrets',
    column: 'sealed',
    owner: `${appId}:${kid}`,
  }),
};
