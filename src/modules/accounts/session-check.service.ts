import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import type { KickReason } from '../../kernel/contracts/bus-frames';
import { DatabaseClock } from '../../platform/database/database-clock';
import type { Connection } from '../../platform/realtime/connection';
import { Connections } from '../../platform/realtime/connections';
import { Kicks } from '../../platform/realtime/kicks';
import { Live } from '../../platform/realtime/live';
import { Outbound } from '../../platform/realtime/outbound';
import { appRefOf, Apps, type App } from '../tenancy';
import { SessionProofs, type SessionState } from './session-proofs';
import { TOKEN_LEEWAY_SECONDS } from './user-token';

const EXPIRY_TICK_MS = 5000;
/** Every sixth tick looks into the database. */
const TICKS_A_SWEEP = 6;
const WARN_BEFORE_MS = 5 * 60_000;
const LEEWAY_MS = TOKEN_LEEWAY_SECONDS * 1000;
const PAGE = 500;

/** Keeps this node's connections honest: proves their sessions again, and ends those whose time is up. */
@Injectable()
export class SessionCheck implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(SessionCheck.name);
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;
  private sweeping: Promise<void> | undefined;
  /** The expiry that a connection was last warned of. */
  private readonly warned = new WeakMap<Connection, number>();

  constructor(
    private readonly connections: Connections,
    private readonly proofs: SessionProofs,
    private readonly apps: Apps,
    private readonly kicks: Kicks,
    private readonly outbound: Outbound,
    private readonly clock: DatabaseClock,
    live: Live,
  ) {
    live.onForget('user', (_, userPk) => this.soon([...this.connections.ofUser(userPk)]));
    live.onForget('app', (appPk) => this.judgeApp(appPk));
    // Whose sessions were ended may have been said in what is missing.
    live.onMissedFrames(() => this.sweepSoon());
  }

  onModuleInit(): void {
    this.timer = setInterval(() => this.tick(), EXPIRY_TICK_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Reads every session connected here again and ends what is no longer good: right even when no bus told us. */
  sweep(): Promise<void> {
    return this.check([...this.connections.all()]);
  }

  /** Warns before a token's end and disconnects a minute after it. */
  expire(now = this.clock.now()): void {
    for (const connection of [...this.connections.all()]) {
      const { expiresAt } = connection;
      if (expiresAt + LEEWAY_MS <= now) this.kicks.end(connection, 'token-expired');
      else if (expiresAt - WARN_BEFORE_MS <= now && this.warned.get(connection) !== expiresAt) {
        this.warned.set(connection, expiresAt);
        this.outbound.say(connection, 'session:expiring', { expiresAt: new Date(expiresAt).toISOString() });
      }
    }
  }

  private tick(): void {
    this.expire();
    if (++this.ticks % TICKS_A_SWEEP === 0) this.sweepSoon();
  }

  private sweepSoon(): void {
    if (this.sweeping) return;
    this.sweeping = this.sweep()
      .catch((error: unknown) =>
        this.logger.warn(`checking the connected sessions failed, tried again in 30 s: ${String(error)}`),
      )
      .finally(() => (this.sweeping = undefined));
  }

  private soon(connections: Connection[]): void {
    if (connections.length === 0) return;
    this.check(connections).catch((error: unknown) =>
      this.logger.warn(`checking ${connections.length} sessions failed, tried again within 30 s: ${String(error)}`),
    );
  }

  private async check(connections: readonly Connection[]): Promise<void> {
    for (let start = 0; start < connections.length; start += PAGE) {
      const page = connections.slice(start, start + PAGE);
      const states = await this.proofs.readSessions(page.map(({ caller }) => caller.sessionPk));
      for (const connection of page) await this.judge(connection, states.get(connection.caller.sessionPk));
    }
  }

  private async judge(connection: Connection, state: SessionState | undefined): Promise<void> {
    const app = await this.apps.byPk(connection.caller.app.pk);
    const { caller } = connection;
    // Renewed as another session meanwhile: that one is proven.
    if (state && state.sessionPk !== caller.sessionPk) return;
    const reason = endOf(state, connection) ?? this.endByApp(app, caller);
    if (reason) this.kicks.end(connection, reason, state?.endedBy ?? undefined);
    else if (state && app) connection.caller = asOf(caller, state.authVersion, app);
  }

  /** The app changed: who of its users may not stay, by what it is now? No session need be read for that. */
  private async judgeApp(appPk: number): Promise<void> {
    const connections = [...this.connections.all()].filter(({ caller }) => caller.app.pk === appPk);
    if (connections.length === 0) return;
    const app = await this.apps.byPk(appPk);
    for (const connection of connections) {
      const { caller } = connection;
      const reason = this.endByApp(app, caller);
      if (reason) this.kicks.end(connection, reason);
      else if (app) connection.caller = asOf(caller, caller.authVersion, app);
    }
  }

  /** Whether its app runs, has not logged everybody out since, and still knows the secret behind the token. */
  private endByApp(app: App | undefined, { tokenIssuedAt, tokenKid }: UserCaller): KickReason | undefined {
    if (app?.status !== 'online') return 'app-offline';
    return tokenIssuedAt < app.tokensValidFrom || !this.apps.signsWith(app, tokenKid) ? 'revoked' : undefined;
  }
}

/** Why a connection on this session must end, if it must. */
function endOf(state: SessionState | undefined, { generation }: Connection): KickReason | undefined {
  if (!state) return 'revoked';
  if (state.status !== 'active') return state.status;
  if (state.endedAt === null) return generation < state.generation ? 'replaced' : undefined;
  return state.endReason === null || state.endReason === 'logout' ? 'revoked' : state.endReason;
}

/** Callers are shared by what a connection does; a new one only when something changed. */
const asOf = (caller: UserCaller, authVersion: number, app: App): UserCaller =>
  caller.authVersion === authVersion && caller.app.version === app.version
    ? caller
    : { ...caller, authVersion, app: appRefOf(app) };
