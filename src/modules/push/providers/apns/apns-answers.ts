import type { ProviderAnswer } from '../../provider';
import { told } from '../told';

/** What came back for one notification: Apple's answer, or what happened to the connection instead. */
export interface ApnsReply {
  /** Undefined when there was no answer. */
  status?: number;
  /** Apple's word for a refusal. */
  reason?: string;
  /** Since when the token is dead. Milliseconds. */
  timestamp?: number;
  retryAfterMs?: number;
  apnsId?: string;
  /** The error's code where there was no answer: ECONNRESET, ERR_SSL_… */
  errorCode?: string;
}

type Kind = Exclude<ProviderAnswer['outcome'], 'sent'>;

/**
 * Apple's reasons that say something else than their status does (developer.apple.com, Handling notification responses).
 * BadDeviceToken and DeviceTokenNotForTopic are `refused`, not `token-dead`: they are what Apple answers for every single
 * device after an upload with the wrong environment or topic, and one slip must not make the app forget all its devices.
 */
const BY_REASON = new Map<string, Kind>([
  ['BadTopic', 'credential-bad'],
  ['MissingTopic', 'credential-bad'],
  ['TopicDisallowed', 'credential-bad'],
  ['IdleTimeout', 'retry'],
  // A new token is made at once; if the next one is too old as well, this machine's clock is wrong.
  ['ExpiredProviderToken', 'retry'],
  ['Unregistered', 'token-dead'],
  ['ExpiredToken', 'token-dead'],
]);

const BY_STATUS: Record<number, Kind> = { 403: 'credential-bad', 408: 'retry', 410: 'token-dead', 429: 'retry' };

/** The other side did not take our certificate: it was revoked, or has run out. */
const CERTIFICATE_REFUSED = /ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA)/;

/** What Apple's answer means, or that there was none. */
export function readApns({ status, reason, timestamp, retryAfterMs, apnsId, errorCode }: ApnsReply): ProviderAnswer {
  if (status === undefined) {
    const refused = CERTIFICATE_REFUSED.test(errorCode ?? '');
    return { outcome: refused ? 'credential-bad' : 'retry', reason: told(errorCode ?? 'NO_ANSWER') };
  }
  if (status >= 200 && status < 300) return { outcome: 'sent', providerId: told(apnsId) };

  const why = told(reason ?? `HTTP ${status}`);
  switch (BY_REASON.get(reason ?? '') ?? BY_STATUS[status] ?? (status >= 400 && status < 500 ? 'refused' : 'retry')) {
    case 'token-dead':
      return { outcome: 'token-dead', reason: why, ...(isTime(timestamp) && { since: new Date(timestamp) }) };
    case 'retry':
      return { outcome: 'retry', reason: why, ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }) };
    case 'credential-bad':
      return { outcome: 'credential-bad', reason: why };
    case 'refused':
      return { outcome: 'refused', reason: why };
  }
}

/** A time that a Date can hold. */
const isTime = (ms: number | undefined): ms is number => ms !== undefined && ms > 0 && ms <= 8.64e15;
