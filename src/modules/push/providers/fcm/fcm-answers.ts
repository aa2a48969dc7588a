import type { OutboundAnswer } from '../../../../platform/outbound/outbound-http';
import type { ProviderAnswer } from '../../provider';
import { objectOf, type Unauthorised } from '../oauth-channel';
import { told } from '../told';

type Answer = ProviderAnswer | Unauthorised;
type Kind = 'token-dead' | 'retry' | 'credential-bad' | 'refused' | 'unauthorised';

/** FCM's own words (google.firebase.fcm.v1.FcmError). */
const BY_CODE = new Map<string, Kind>([
  ['UNREGISTERED', 'token-dead'],
  // The token is another project's: with the right service account it may be fine, so it is not forgotten.
  ['SENDER_ID_MISMATCH', 'refused'],
  ['QUOTA_EXCEEDED', 'retry'],
  ['UNAVAILABLE', 'retry'],
  ['INTERNAL', 'retry'],
  // For tokens of Apple devices: the APNs key that the Firebase project holds is no good.
  ['THIRD_PARTY_AUTH_ERROR', 'credential-bad'],
]);

/** By HTTP status, where FCM says no more. */
const BY_STATUS: Record<number, Kind> = {
  401: 'unauthorised',
  403: 'credential-bad',
  408: 'retry',
  429: 'retry',
};

const TOKEN_FIELD = 'message.token';

/** What FCM's answer to a notification means. */
export function readFcm({ status, body, retryAfterMs }: OutboundAnswer): Answer {
  const said = objectOf(body);
  if (status >= 200 && status < 300) return { outcome: 'sent', providerId: told(said.name) };

  const { errorCode, fields, word } = detailsOf(said);
  const reason = told(errorCode ?? word ?? `HTTP ${status}`);
  // The token's form is wrong: no credential can make it right. (A 404 that is not FCM's own may be a wrong FCM_URL.)
  const dead = (status === 400 && fields.includes(TOKEN_FIELD)) || (status === 404 && word === 'NOT_FOUND');
  if (dead) return { outcome: 'token-dead', reason };
  const outcome =
    BY_CODE.get(errorCode ?? '') ?? BY_STATUS[status] ?? (status >= 400 && status < 500 ? 'refused' : 'retry');
  if (outcome === 'retry' && retryAfterMs !== undefined) return { outcome, reason, afterMs: retryAfterMs };
  return { outcome, reason };
}

interface Details {
  errorCode?: string;
  /** google.rpc.Status' own word. */
  word?: string;
  fields: string[];
}

function detailsOf({ error }: Record<string, unknown>): Details {
  const { status, details } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const list = (Array.isArray(details) ? details : []).filter(
    (detail): detail is Record<string, unknown> => typeof detail === 'object' && detail !== null,
  );
  const errorCode = list.map((detail) => detail.errorCode).find((code) => typeof code === 'string');
  const violations = list.flatMap(({ fieldViolations }) =>
    Array.isArray(fieldViolations) ? (fieldViolations as unknown[]) : [],
  );
  return {
    ...(errorCode !== undefined && { errorCode }),
    ...(typeof status === 'string' && { word: status }),
    fields: violations.map((violation) => String((violation as { field?: unknown } | null)?.field)),
  };
}
