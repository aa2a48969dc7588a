import { randomBytes } from 'node:crypto';
import type { TestAuthority } from './certificates';
import { OAUTH, type Scripted } from './script';
import { VendorHttps, type Asked, type Judged, type Reply } from './vendor-https';

export interface HuaweiAccount {
  appId: string;
  clientId: string;
  clientSecret: string;
}

const TAKEN = '80000000';
const PARAMETERS = '80100001';
const TOKEN_EXPIRED = '80200003';

/** Huawei Push Kit: OAuth 2 by client credentials, and `messages:send` of v1 (by app) and v2 (by project). */
export class HuaweiServer extends VendorHttps {
  protected readonly oauthToken = OAUTH;
  private readonly accounts = new Map<string, HuaweiAccount>();
  private readonly granted = new Map<string, HuaweiAccount>();
  grants = 0;
  livesSeconds = 3600;

  constructor(authority: TestAuthority) {
    super('huawei', authority);
  }

  /** An app that may send. */
  account(appId = '100000001'): HuaweiAccount {
    const account = { appId, clientId: appId, clientSecret: randomBytes(32).toString('hex') };
    this.accounts.set(account.clientId, account);
    return account;
  }

  /** Access tokens handed out so far are worth nothing from now on. */
  revoke(): void {
    this.granted.clear();
  }

  protected authorise({ path, form }: Asked): Reply | undefined {
    if (path !== '/oauth2/v3/token') return undefined;
    const account = this.accounts.get(form.get('client_id') ?? '');
    if (form.get('grant_type') !== 'client_credentials' || account?.clientSecret !== form.get('client_secret')) {
      return { status: 400, body: { error: 1101, sub_error: 20042, error_description: 'invalid client' } };
    }
    this.grants++;
    const access = `hw.${randomBytes(16).toString('hex')}`;
    this.granted.set(access, account);
    return { status: 200, body: { access_token: access, expires_in: this.livesSeconds, token_type: 'Bearer' } };
  }

  protected judge({ path, bearer, json }: Asked): Judged | undefined {
    const appId = /^\/v[12]\/([^/]+)\/messages:send$/.exec(path)?.[1];
    if (appId === undefined) return undefined;
    const { message } = (json ?? {}) as { message?: HuaweiMessage };
    const account = this.granted.get(bearer);
    const token = Array.isArray(message?.token) ? message.token.join() : '';
    const tag = message?.android?.notification?.tag;
    return {
      record: {
        token,
        by: account?.clientId ?? '',
        body: json,
        headers: { appId },
        ...(tag !== undefined && { collapseId: tag }),
      },
      refusal:
        account?.appId !== appId
          ? { status: 401, reason: TOKEN_EXPIRED }
          : isWhole(message)
            ? undefined
            : { status: 400, reason: PARAMETERS },
      answer: ({ status = 200, reason = TAKEN, body }: Scripted, id: string) => ({
        status,
        body: body ?? { code: reason, msg: reason === TAKEN ? 'Success' : 'Scripted', requestId: `request-${id}` },
      }),
    };
  }
}

interface HuaweiMessage {
  token?: unknown;
  data?: unknown;
  android?: { ttl?: unknown; notification?: Shown };
}

interface Shown {
  title?: unknown;
  body?: unknown;
  click_action?: unknown;
  tag?: string;
}

/** What Huawei insists on for Android: a notification, or data alone. */
const isWhole = ({ token, data, android }: HuaweiMessage = {}): boolean =>
  Array.isArray(token) &&
  token.length > 0 &&
  (data === undefined || typeof data === 'string') &&
  /^\d+s$/.test(String(android?.ttl)) &&
  ((data !== undefined && android?.notification === undefined) || isShown(android?.notification));

const isShown = (notification: Shown = {}): boolean =>
  typeof notification.title === 'string' &&
  typeof notification.body === 'string' &&
  typeof notification.click_action === 'object';
