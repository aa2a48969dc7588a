import type { ProviderName } from '../provider';
import type { KnownCredential } from './push-credentials.repository';

/** A credential as its app server sees it: what was found in it, never what it is. */
export interface PushCredentialView {
  provider: ProviderName;
  status: 'ready' | 'paused';
  /** Why nothing goes out; upload another to resume. */
  pausedReason?: string;
  pausedAt?: string;
  /** How many notifications wait for another upload while it is paused. */
  held?: number;
  uploadedAt: string;
  expiresAt?: string;
  /** The vendor's own: kind, topic, environment, keyId, teamId · projectId, clientEmail · appId, clientId. */
  [found: string]: string | number | undefined;
}

/** @param held what waits for another credential of this vendor */
export function credentialView(row: KnownCredential, held = 0): PushCredentialView {
  return {
    ...(JSON.parse(row.found) as Record<string, string>),
    provider: row.provider,
    status: row.pausedAt ? 'paused' : 'ready',
    ...(row.pausedAt && { pausedAt: row.pausedAt.toISOString(), pausedReason: row.pausedReason ?? '', held }),
    uploadedAt: row.uploadedAt.toISOString(),
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
  };
}
