import type { SealedPlace } from '../../../platform/secrets/vault';
import type { ProviderName } from '../provider';

/** Where a credential is sealed for: moved to another app's row it does not open. */
export const credentialPlace = (appId: string, provider: ProviderName): SealedPlace => ({
  table: 'push_credentials',
  column: 'sealed',
  owner: `${appId}:${provider}`,
});
