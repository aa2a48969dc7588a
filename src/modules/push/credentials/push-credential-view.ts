import type { ProviderName } from '../provider';
import type { KnownCredential } from './push-credentials.repository';

/** A credential as its app server sees it: what was found in it, never what it is. */
export interface PushCredentialView {
  provider: ProviderName;
  status: 'ready' | 'paused';
  /** Why nothing goes out; upload another to resume. */
  pausedReason?: string;
  pausedAt?: string;
  uploadedAt: string;
  expiresAt?: string;
  /** The vendor's own: kind, topic, environment, keyId, teamId · projectId, clientEmail · appId, clientId. */
  [found: string]: string | undefined;
}

export function credentialView(row: KnownCredential): PushCredentialView {
  return {
    ...(JSON.parse(row.found) as Record<string, string>),
    provider: row.provider,
    status: row.pausedAt ? 'paused' : 'ready',
    ...(row.pausedAt && { pausedAt: row.pausedAt.toISOString(), pausedReason: row.pausedReason ?? '' }),
    uploadedAt: row.uploadedAt.toISOString(),
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
  };
}
