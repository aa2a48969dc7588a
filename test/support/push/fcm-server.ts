import jwt from 'jsonwebtoken';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { TestAuthority } from './certificates';
import { OAUTH, type Scripted } from './script';
import { VendorHttps, type Asked, type Judged, type Reply } from './vendor-https';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** As Google's console hands it out. */
export interface ServiceAccount {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  private_key: string;
  client_email: string;
  client_id: string;
  token_uri: string;
}

/** FCM's own word for each status, where the script gives none. */
const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

/** Firebase Cloud Messaging, HTTP v1, with Google's token endpoint beside it. */
export class FcmServer extends VendorHttps {
  protected readonly oauthToken = OAUTH;
  private readonly accounts = new Map<string, ServiceAccount>();
  private readonly granted = new Map<string, ServiceAccount>();
  /** How many access tokens were handed out. */
  grants = 0;
  /** What they live, as it is told. */
  livesSeconds = 3599;

  constructor(authority: TestAuthority) {
    super('fcm', authority);
  }

  /** A service account of this project that may send. */
  account(projectId = 'parley-test'): ServiceAccount {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const account: ServiceAccount = {
      type: 'service_account',
      project_id: projectId,
      private_key_id: randomBytes(20).toString('hex'),
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      client_email: `pusher-${randomBytes(4).toString('hex')}@${projectId}.iam.gserviceaccount.com`,
      client_id: '1',
      token_uri: `${this.url}/token`,
    };
    this.accounts.set(account.client_email, account);
    return account;
  }

  /** Access tokens handed out so far are worth nothing from now on. */
  revoke(): void {
    this.granted.clear();
  }

  /** The account is gone: it gets no access token any more. */
  remove({ client_email }: Pick<ServiceAccount, 'client_email'>): void {
    this.accounts.delete(client_email);
  }

  protected authorise({ path, form }: Asked): Reply | undefined {
    if (path !== '/token') return undefined;
    const refused = (error: string): Reply => ({ status: 400, body: { error, error_description: 'Invalid JWT.' } });
    const assertion = form.get('assertion') ?? '';
    if (form.get('grant_type') !== GRANT) return refused('unsupported_grant_type');
    const decoded = jwt.decode(assertion, { complete: true, json: true });
    const account = this.accounts.get(String((decoded?.payload as jwt.JwtPayload | undefined)?.iss));
    if (!account || decoded?.header.kid !== account.private_key_id) return refused('invalid_grant');
    try {
      const claims = jwt.verify(assertion, createPublicKey(account.private_key), {
        algorithms: ['RS256'],
        audience: account.token_uri,
      }) as jwt.JwtPayload;
      if ((claims.exp ?? 0) - (claims.iat ?? 0) > 3600 || claims.scope !== SCOPE) return refused('invalid_scope');
    } catch {
      return refused('invalid_grant');
    }
    this.grants++;
    const access = `ya29.${randomBytes(16).toString('hex')}`;
    this.granted.set(access, account);
    return { status: 200, body: { access_token: access, expires_in: this.livesSeconds, token_type: 'Bearer' } };
  }

  protected judge({ path, bearer, json }: Asked): Judged | undefined {
    const project = /^\/v1\/projects\/([^/]+)\/messages:send$/.exec(path)?.[1];
    if (project === undefined) return undefined;
    const { message } = (json ?? {}) as { message?: FcmMessage };
    const account = this.granted.get(bearer);
    return {
      record: {
        token: String(message?.token),
        by: account?.client_email ?? '',
        body: json,
        headers: { project },
        ...(message?.android?.collapse_key !== undefined && { collapseId: message.android.collapse_key }),
      },
      refusal: account
        ? account.project_id === project
          ? wrongWith(message)
          : { status: 403, reason: 'SENDER_ID_MISMATCH' }
        : { status: 401 },
      answer: answered(project),
    };
  }
}

interface FcmMessage {
  token?: unknown;
  data?: Record<string, unknown>;
  notification?: { title?: unknown; body?: unknown };
  android?: { collapse_key?: string; ttl?: unknown; priority?: unknown };
}

/** Names of `data` that FCM keeps for itself. */
const RESERVED = /^(from|message_type|google.*|gcm.*)$/;

/** What HTTP v1 refuses as INVALID_ARGUMENT. */
function wrongWith(message: FcmMessage | undefined): Scripted | undefined {
  const { token, data = {}, android = {} } = message ?? {};
  const field = [
    [typeof token !== 'string' || token === '', 'message.token'],
    [Object.entries(data).some(([name, value]) => typeof value !== 'string' || RESERVED.test(name)), 'message.data'],
    [!/^\d+(\.\d+)?s$/.test(String(android.ttl ?? '0s')), 'message.android.ttl'],
    [!['HIGH', 'NORMAL'].includes(String(android.priority ?? 'NORMAL')), 'message.android.priority'],
  ].find(([wrong]) => wrong)?.[1];
  if (field === undefined) return undefined;
  return { status: 400, reason: 'INVALID_ARGUMENT', body: errorBody(400, 'INVALID_ARGUMENT', String(field)) };
}

const errorBody = (status: number, code: string | undefined, field?: string) => ({
  error: {
    code: status,
    message: 'Scripted.',
    status: STATUS[status] ?? 'UNKNOWN',
    details: [
      ...(code !== undefined
        ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }]
        : []),
      ...(field !== undefined
        ? [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description: 'No.' }] }]
        : []),
    ],
  },
});

const answered =
  (project: string) =>
  ({ status = 200, reason, body }: Scripted, id: string): Reply => ({
    status,
    body: body ?? (status === 200 ? { name: `projects/${project}/messages/${id}` } : errorBody(status, reason)),
  });
