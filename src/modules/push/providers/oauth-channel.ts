import {
  OutboundError,
  type OutboundAnswer,
  type OutboundHttp,
  type OutboundRequest,
} from '../../../platform/outbound/outbound-http';
import type { ProviderAnswer, PushChannel, PushNote, PushTarget } from '../provider';
import { AccessTokens, type Grant } from './access-tokens';
import { told } from './told';

/** The vendor takes this access token no more. */
export type Unauthorised = { readonly outcome: 'unauthorised'; readonly reason: string };

/** What differs between vendors that are asked over HTTPS with an access token. */
export interface OauthDialect {
  /** Asks for an access token. */
  grant(): OutboundRequest;
  /** A notification. */
  message(target: PushTarget, note: PushNote, accessToken: string): OutboundRequest;
  /** What an answer to `message` means. */
  read(answer: OutboundAnswer): ProviderAnswer | Unauthorised;
}

/** A channel over HTTPS with an access token: FCM, Huawei, and whoever comes next. */
export class OauthChannel implements PushChannel {
  private readonly access = new AccessTokens(() => this.grant());

  constructor(
    private readonly dialect: OauthDialect,
    private readonly http: OutboundHttp,
  ) {}

  async send(target: PushTarget, note: PushNote): Promise<ProviderAnswer> {
    const first = await this.attempt(target, note);
    if (first.outcome !== 'unauthorised') return first;
    // An access token may be revoked before its end; one that is refused as soon as it was granted is another matter.
    const second = await this.attempt(target, note);
    return second.outcome === 'unauthorised' ? { outcome: 'credential-bad', reason: second.reason } : second;
  }

  /** The connections are shared between channels: there is nothing of its own to let go. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  private async attempt(target: PushTarget, note: PushNote): Promise<ProviderAnswer | Unauthorised> {
    const token = await this.access.get();
    if (typeof token !== 'string') return token;
    const answer = await this.ask(this.dialect.message(target, note, token));
    if ('outcome' in answer) return answer;
    const read = this.dialect.read(answer);
    if (read.outcome === 'unauthorised') this.access.drop(token);
    return read;
  }

  private async grant(): Promise<Grant | ProviderAnswer> {
    const answer = await this.ask(this.dialect.grant());
    return 'outcome' in answer ? answer : granted(answer);
  }

  private async ask(request: OutboundRequest): Promise<OutboundAnswer | ProviderAnswer> {
    try {
      return await this.http.post(request);
    } catch (error) {
      if (error instanceof OutboundError) return unanswered(error);
      throw error;
    }
  }
}

const FORBIDDEN = new Set(['INNER_ADDRESS', 'NOT_HTTPS']);

/** No answer says nothing about the notification: it may be sent again. A URL that we do not go to stays so. */
const unanswered = ({ code }: OutboundError): ProviderAnswer =>
  FORBIDDEN.has(code)
    ? { outcome: 'credential-bad', reason: told('token_uri', code) }
    : { outcome: 'retry', reason: told(code) };

/** What an OAuth endpoint's answer means (RFC 6749, 5). */
export function granted({ status, body, retryAfterMs }: OutboundAnswer): Grant | ProviderAnswer {
  const said = objectOf(body);
  const { access_token: token, expires_in: expires } = said;
  if (status === 200 && typeof token === 'string' && token !== '') {
    return { token, expiresInSeconds: Number(expires) > 0 ? Number(expires) : 0 };
  }
  const reason = told('oauth', status, said.error, said.error_description);
  // Our clock is wrong, not the credential.
  const clock = /reasonable timeframe/.test(String(said.error_description));
  if (status >= 400 && status < 500 && status !== 408 && status !== 429 && !clock) {
    return { outcome: 'credential-bad', reason };
  }
  return { outcome: 'retry', reason, ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }) };
}

/** A body as an object; an empty one when it is none. */
export function objectOf(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
