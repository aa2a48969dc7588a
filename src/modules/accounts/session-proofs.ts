import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../../kernel/errors/app-error';
import { Sql } from '../../platform/database/sql';
import { Live } from '../../platform/realtime/live';
import { ProofLease } from '../../platform/realtime/proof-lease';
import { Batched } from '../../platform/database/batched';
import { speaker, stands, type LoginRow } from './login-rules';
import type { UserStatus } from './user.entity';

/** A session and its user, as last read. */
export interface SessionState extends LoginRow {
  readonly sessionPk: number;
  readonly userPk: number;
  readonly appPk: number;
  readonly userId: string;
  readonly status: UserStatus;
  readonly tokenVersion: number;
  readonly authVersion: number;
  readonly expiresAt: Date;
  readonly generation: number;
  readonly endedBy: string | null;
}

interface Proof<S> {
  readonly userPk: number;
  readonly readAt: number;
  readonly state: S;
}

const CACHED_MAX = 100_000;
/** Longer than a proof counts, and than it takes to be read. */
const FORGOTTEN_MS = 20_000;

const STATE = `SELECT s.id AS sessionPk, s.sessionId, s.loginId, s.deviceId, s.endedAt, s.endReason, s.endedBy, s.expiresAt, s.generation,
    u.id AS userPk, u.appPk, u.userId, u.status, u.tokenVersion, u.authVersion
  FROM sessions s JOIN users u ON u.id = s.userPk`;

/**
 * Whether sessions are still good, from the database or from memory. Whatever ends a session is told through
 * `Live.forgetEverywhere`, so that its caller is answered when no node goes by what it remembers (docs/adr/0024).
 */
@Injectable()
export class SessionProofs {
  private readonly byLogin = new LRUCache<string, Proof<SessionState>>({ max: CACHED_MAX });
  /** When a user was last forgotten: what was read before that counts no more. */
  private readonly forgotten = new LRUCache<number, number>({
    max: CACHED_MAX,
    ttl: FORGOTTEN_MS,
    ttlResolution: 1000,
  });
  private readonly loginReads = new Batched<string, SessionState[]>((ids) => this.readLogins(ids));

  constructor(
    private readonly sql: Sql,
    private readonly lease: ProofLease,
    live: Live,
  ) {
    live.onForget('user', (_, userPk) => void this.forgotten.set(userPk, performance.now()));
  }

  /** The session that speaks for a login over REST. Throws TOKEN_REVOKED or USER_DEACTIVATED. */
  async ofLogin(appPk: number, loginId: string): Promise<SessionState> {
    const known = this.byLogin.get(loginId);
    if (known && known.state.appPk === appPk && this.counts(known)) return assertGood(known.state);
    const readAt = performance.now();
    const rows = (await this.loginReads.get(loginId))?.filter((row) => row.appPk === appPk) ?? [];
    if (rows[0]?.status === 'deactivated') throw new AppError('USER_DEACTIVATED');
    const state = assertGood(speaker(rows));
    this.byLogin.set(loginId, { userPk: state.userPk, readAt, state });
    return state;
  }

  /** Straight from the database; sessions that are gone are missing. */
  async readSessions(sessionPks: readonly number[]): Promise<Map<number, SessionState>> {
    if (sessionPks.length === 0) return new Map();
    const rows = await this.sql.rows<SessionState>(`${STATE} WHERE s.id IN (?)`, [[...sessionPks]]);
    return new Map(rows.map((row) => [row.sessionPk, row]));
  }

  private async readLogins(loginIds: string[]): Promise<Map<string, SessionState[]>> {
    const roots = await this.sql.rows<SessionState>(`${STATE} WHERE s.sessionId IN (?)`, [loginIds]);
    // Only a login whose own row was driven out of its device speaks through another: few, and their ended rows do not count.
    const through = roots.filter((root) => root.endedAt !== null && stands([root]));
    const rows = through.length === 0 ? roots : [...roots, ...(await this.liveOf(through))];
    const logins = new Map<string, SessionState[]>();
    for (const row of rows) {
      const login = logins.get(row.loginId);
      if (login) login.push(row);
      else logins.set(row.loginId, [row]);
    }
    return logins;
  }

  private liveOf(logins: readonly SessionState[]): Promise<SessionState[]> {
    return this.sql.rows<SessionState>(`${STATE} WHERE s.userPk IN (?) AND s.endedAt IS NULL AND s.loginId IN (?)`, [
      logins.map(({ userPk }) => userPk),
      logins.map(({ loginId }) => loginId),
    ]);
  }

  private counts({ userPk, readAt }: Proof<unknown>): boolean {
    const forgottenAt = this.forgotten.get(userPk);
    return this.lease.counts(readAt) && (forgottenAt === undefined || readAt > forgottenAt);
  }
}

/** Throws what a client is told whose session is not good. */
export function assertGood(state: SessionState | undefined): SessionState {
  if (state?.status === 'deactivated') throw new AppError('USER_DEACTIVATED');
  if (!state || state.status === 'deleted' || state.endedAt !== null) throw new AppError('TOKEN_REVOKED');
  return state;
}
