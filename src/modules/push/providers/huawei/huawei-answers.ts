import type { OutboundAnswer } from '../../../../platform/outbound/outbound-http';
import type { ProviderAnswer } from '../../provider';
import { objectOf, type Unauthorised } from '../oauth-channel';
import { told } from '../told';

type Answer = ProviderAnswer | Unauthorised;
type Kind = 'token-dead' | 'retry' | 'credential-bad' | 'refused' | 'unauthorised';

const TAKEN = '80000000';

/** Push Kit's codes; those of 801… not listed say that the notification is not well formed. */
const BY_CODE = new Map<string, Kind>([
  // Some tokens are wrong: each of our notifications has one.
  ['80100000', 'token-dead'],
  ['80300007', 'token-dead'],
  ['80200001', 'unauthorised'],
  ['80200003', 'unauthorised'],
  // The app has no right to push.
  ['80300002', 'credential-bad'],
  ['80600003', 'retry'],
  ['81000001', 'retry'],
]);

const BY_STATUS: Record<number, Kind> = { 401: 'unauthorised', 403: 'credential-bad', 408: 'retry', 429: 'retry' };

/** What Huawei's answer to a notification means. The code counts: some failures come with status 200. */
export function readHuawei({ status, body, retryAfterMs }: OutboundAnswer): Answer {
  const { code, msg, requestId } = objectOf(body);
  const known = typeof code === 'string' ? code : '';
  if (known === TAKEN && status >= 200 && status < 300) return { outcome: 'sent', providerId: told(requestId) };

  const reason = known === '' ? told(`HTTP ${status}`) : told(known, msg);
  const outcome = BY_CODE.get(known) ?? BY_STATUS[status] ?? kindOf(status, known);
  if (outcome === 'retry' && retryAfterMs !== undefined) return { outcome, reason, afterMs: retryAfterMs };
  return { outcome, reason };
}

function kindOf(status: number, code: string): Kind {
  if (status >= 500) return 'retry';
  if (status >= 400) return 'refused';
  // 2xx with a code that is none of success: the notification's fault, or an answer that is none of Huawei's.
  return code === '' ? 'retry' : 'refused';
}
