import type { Http } from './http';

/** A token, or the way to get a fresh one from your own server (asked again when the old one expires). */
export type TokenSource = string | (() => Promise<string>);

/** How to log in: arbitrary mode, fixed mode (by account or by user id), or with a token that your server got. */
export type Login =
  | { appId: string; appToken: string; userId: string }
  | { appId: string; account: string; password: string }
  | { appId: string; userId: string; password: string }
  /** `userId` names the user's part of a storage before a token does: for browsers in which several users log in. */
  | { token: TokenSource; userId?: string };

/** Whose drawer it is, known before the first login. */
export function drawerOf(login: Login): string {
  if ('token' in login) {
    const named = typeof login.token === 'string' ? userOf(login.token) : undefined;
    return `token/${login.userId ?? named ?? ''}`;
  }
  return `${login.appId}/${'account' in login ? `account/${login.account}` : login.userId}`;
}

/** One login and its token. */
export class Session {
  private current?: string;
  private obtaining?: Promise<string>;
  userId?: string;
  sessionId?: string;
  endpoints: string[] = [];
  /** The longest frame that the server takes: as the login said, else the server's default. */
  frameBytes = 64 * 1024;

  constructor(
    private readonly login: Login,
    private readonly http: Http,
  ) {
    if ('userId' in login) this.userId = login.userId;
  }

  /** Logs in where that has not happened yet. */
  async token(): Promise<string> {
    if (this.current !== undefined) return this.current;
    this.obtaining ??= this.obtain().finally(() => (this.obtaining = undefined));
    this.current = await this.obtaining;
    this.userId ??= userOf(this.current);
    return this.current;
  }

  /** A token that ends later than the present one, of the same login where there is one. */
  async renew(): Promise<string> {
    if ('token' in this.login && typeof this.login.token === 'function') {
      this.current = await this.login.token();
      return this.current;
    }
    const { token } = await this.http.renew(await this.token());
    this.current = token;
    return token;
  }

  /** True when `forget` helps against an expired token. */
  get canLogInAgain(): boolean {
    return !('token' in this.login) || typeof this.login.token === 'function';
  }

  /** The next `token` logs in anew. */
  forget(): void {
    this.current = undefined;
  }

  private async obtain(): Promise<string> {
    if ('token' in this.login) {
      return typeof this.login.token === 'function' ? this.login.token() : this.login.token;
    }
    const reply = await this.http.login(this.login);
    this.userId = reply.userId;
    this.sessionId = reply.sessionId;
    this.endpoints = reply.endpoints ?? [];
    this.frameBytes = reply.frameBytes ?? this.frameBytes;
    return reply.token;
  }
}

/** A token names its user. Undefined where it cannot be read: nothing depends on it but what is shown as one's own. */
function userOf(token: string): string | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { sub } = JSON.parse(atob(payload)) as { sub?: unknown };
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
