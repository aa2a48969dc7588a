import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../kernel/caller';
import type { Warning } from '../../kernel/contracts/warning';
import { AppError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { DatabaseClock } from '../../platform/database/database-clock';
import { GroupCommit } from '../../platform/database/group-commit';
import { Sql, type SqlValue } from '../../platform/database/sql';
import { Apps, type App } from '../tenancy';
import { ENTRANCE } from './entrance';
import { SessionProofs } from './session-proofs';
import { SessionTrim } from './session-trim';
import { assertHolds, expiryOf, faultOf, parseToken, signToken, type TokenClaims } from './user-token';

/** A token that its app's key has proven; whether its login still stands is another question. */
export interface ProvenToken {
  readonly app: App;
  readonly claims: TokenClaims;
  /** Which of the app's secrets it was signed with. */
  readonly kid: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface IssuedToken {
  /** What was taken as it was and is still not wise. */
  warnings?: Warning[];
  token: string;
  expiresAt: string;
  userId: string;
  sessionId: string;
}

/** What the tool `POST /v1/tokens/verify` answers (T5). */
export interface TokenVerdict {
  valid: boolean;
  reason?: 'malformed' | 'other-app' | 'bad-signature' | 'not-yet-valid' | 'expired' | 'revoked';
  userId?: string;
  expiresAt?: string;
}

interface Login {
  appPk: number;
  userPk: number;
  sessionId: string;
  expiresAt: Date;
}

/** Makes and proves user tokens. Every token belongs to a login, a row that can be ended. */
@Injectable()
export class UserTokens {
  private readonly logins = new GroupCommit<Login, void>({
    run: (batch) => this.store(batch),
    lane: ({ userPk }) => userPk,
    batchMax: 128,
    ...ENTRANCE,
  });

  constructor(
    private readonly sql: Sql,
    private readonly apps: Apps,
    private readonly proofs: SessionProofs,
    private readonly trim: SessionTrim,
    private readonly clock: DatabaseClock,
  ) {}

  /** A new login with its token. Throws BUSY or RETRY. */
  async open(
    app: App,
    user: { id: number; userId: string; tokenVersion: number },
    ttlSeconds = app.settings.tokenTtlSeconds,
  ): Promise<IssuedToken> {
    const sessionId = randomId(20);
    const iat = this.issuedAt(app);
    const expiresAt = new Date((iat + ttlSeconds) * 1000);
    await this.logins.submit({ appPk: app.pk, userPk: user.id, sessionId, expiresAt });
    return this.sign(app, user, sessionId, iat, expiresAt);
  }

  /** Another token of the same login, which lasts as long as the longest of them. */
  async renew(app: App, userPk: number, loginId: string): Promise<IssuedToken> {
    const iat = this.issuedAt(app);
    const expiresAt = new Date((iat + app.settings.tokenTtlSeconds) * 1000);
    // Read, not remembered: a token that slips through on a stale node must not become one that lasts.
    const [user] = await this.sql.rows<{ userId: string; tokenVersion: number; loggedOut: number }>(
      `SELECT u.userId, u.tokenVersion, s.createdAt + INTERVAL 2 SECOND < FROM_UNIXTIME(a.tokensValidFrom) AS loggedOut
         FROM sessions s JOIN users u ON u.id = s.userPk JOIN apps a ON a.id = u.appPk
        WHERE s.loginId = ? AND u.id = ? ORDER BY s.id LIMIT 1`,
      [loginId, userPk],
    );
    if (!user || user.loggedOut) throw new AppError('TOKEN_REVOKED');
    await this.sql.run('UPDATE sessions SET expiresAt = GREATEST(expiresAt, ?) WHERE loginId = ? AND userPk = ?', [
      expiresAt,
      loginId,
      userPk,
    ]);
    return this.sign(app, user, loginId, iat, expiresAt);
  }

  /** Throws BAD_CREDENTIALS, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_REVOKED, APP_NOT_ONLINE or APP_SUSPENDED. */
  async prove(text: unknown): Promise<ProvenToken> {
    const token = parseToken(text);
    if (!token) throw new AppError('BAD_CREDENTIALS', { field: 'token', message: noToken(text) });
    const app = await this.apps.find(token.claims.app);
    // An unknown app costs as much as a wrong signature.
    assertHolds(token, app ? this.apps.signingKeys(app) : [], this.nowSeconds());
    if (!app) throw new AppError('BAD_CREDENTIALS');
    const { claims, kid } = token;
    this.assertGoodIn(app, claims);
    return { app, claims, kid, expiresAt: expiryOf(claims) };
  }

  /** What was proven a moment ago, judged by the app as it is now: from memory while that has not changed. */
  async assertStill({ app: before, claims, kid }: ProvenToken): Promise<void> {
    const app = await this.apps.byPk(before.pk);
    if (app === before) return;
    if (!app || !this.apps.signsWith(app, kid)) throw new AppError('BAD_CREDENTIALS');
    this.assertGoodIn(app, claims);
  }

  private assertGoodIn(app: App, { iat }: TokenClaims): void {
    this.apps.assertOnline(app);
    if (iat < app.tokensValidFrom) throw new AppError('TOKEN_REVOKED');
  }

  /** What is right or wrong about a token, for those who build on us. */
  async verify(caller: AppCaller, text: string): Promise<TokenVerdict> {
    const token = parseToken(text);
    if (!token) return { valid: false, reason: 'malformed' };
    const app = await this.apps.byPk(caller.app.pk);
    if (!app || token.claims.app !== app.appId) return { valid: false, reason: 'other-app' };
    const fault = faultOf(token, this.apps.signingKeys(app), this.nowSeconds());
    if (fault === 'bad-signature') return { valid: false, reason: fault };
    const about = { userId: token.claims.sub, expiresAt: new Date(expiryOf(token.claims)).toISOString() };
    if (fault) return { valid: false, reason: fault, ...about };
    const good = token.claims.iat >= app.tokensValidFrom && (await this.stands(app.pk, token.claims));
    return good ? { valid: true, ...about } : { valid: false, reason: 'revoked', ...about };
  }

  private async stands(appPk: number, claims: TokenClaims): Promise<boolean> {
    try {
      const state = await this.proofs.ofLogin(appPk, claims.sid);
      return state.userId === claims.sub && claims.ver >= state.tokenVersion;
    } catch (error) {
      if (error instanceof AppError && error.code !== 'RETRY') return false;
      throw error;
    }
  }

  private sign(
    app: App,
    user: { userId: string; tokenVersion: number },
    sessionId: string,
    iat: number,
    expiresAt: Date,
  ): IssuedToken {
    const [key] = this.apps.signingKeys(app);
    if (!key) throw new Error('an app without a signing key');
    const exp = expiresAt.getTime() / 1000;
    const claims = { app: app.appId, sub: user.userId, sid: sessionId, ver: user.tokenVersion, iat, exp };
    return { token: signToken(claims, key), expiresAt: expiresAt.toISOString(), userId: user.userId, sessionId };
  }

  private async store(logins: Login[]): Promise<{ ok: undefined }[]> {
    const rows = logins.map((login): SqlValue[] => [
      login.appPk,
      login.userPk,
      login.sessionId,
      login.sessionId,
      login.expiresAt,
    ]);
    const userPks = [...new Set(logins.map(({ userPk }) => userPk))].sort((a, b) => a - b);
    await this.sql.transaction(async (tx) => {
      await tx.run('UPDATE users SET lastLoginAt = NOW(3) WHERE id IN (?)', [userPks]);
      await tx.run('INSERT INTO sessions (appPk, userPk, sessionId, loginId, expiresAt) VALUES ?', [rows]);
    });
    for (const { appPk, userPk } of logins) this.trim.made(appPk, userPk);
    return logins.map(() => ({ ok: undefined }));
  }

  /** Never before the moment from which the app's tokens are good, which may be up to two seconds ahead. */
  private issuedAt({ tokensValidFrom }: App): number {
    return Math.max(this.nowSeconds(), tokensValidFrom);
  }

  /** By the database's clock: a token is judged by other nodes than the one that issues it. */
  private nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

const noToken = (text: unknown): string =>
  typeof text === 'string' && /^bearer\s/i.test(text)
    ? 'This is the token alone, without "Bearer" before it.'
    : "This is no user token; one comes from POST /v1/sessions or from the app's server.";
