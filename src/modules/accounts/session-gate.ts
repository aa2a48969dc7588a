import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { RateLimiter } from '../../platform/entry/rate-limiter';
import { validatorOf } from '../../platform/entry/shapes';
import type { AdmittedSession, Connection } from '../../platform/realtime/connection';
import { Kicks } from '../../platform/realtime/kicks';
import { Live } from '../../platform/realtime/live';
import type { HandshakeContext, SessionGate } from '../../platform/realtime/session-gate';
import { appRefOf } from '../tenancy';
import { HandshakeDto } from './dto/handshake.dto';
import { PresenceWatch } from './presence-watch';
import { SessionBinder, type Binding } from './session-binder';
import { SessionEnder } from './session-ender';
import { UserTokens, type ProvenToken } from './user-tokens.service';

/** Shared by all connections: an idle one must stay small. */
const PLAIN: ReadonlySet<string> = new Set();
const BATCHING: ReadonlySet<string> = new Set(['batch']);

interface Entered {
  caller: UserCaller;
  generation: number;
}

interface Device {
  id: string;
  platform: string;
}

/** Who may connect: a good token, a user in good standing, and a place under the app's device policy. */
@Injectable()
export class AccountsSessionGate implements SessionGate {
  constructor(
    private readonly tokens: UserTokens,
    private readonly binder: SessionBinder,
    private readonly ender: SessionEnder,
    private readonly live: Live,
    private readonly kicks: Kicks,
    private readonly watch: PresenceWatch,
    private readonly rates: RateLimiter,
  ) {}

  async admit(auth: unknown, { socketId, gone }: HandshakeContext): Promise<AdmittedSession> {
    const { token, device, features = [] } = shapeOf(auth);
    const proven = await this.tokens.prove(token);
    this.rates.consumeByUserId('handshakes', proven.app.pk, proven.claims.sub);
    const { caller, generation } = await this.enter(proven, device, socketId, gone);
    return {
      caller,
      generation,
      device: { id: device.id, platform: device.platform, state: device.state ?? 'foreground' },
      features: features.includes('batch') ? BATCHING : PLAIN,
      expiresAt: proven.expiresAt,
    };
  }

  released(connection: Connection): void {
    this.watch.leave(connection);
  }

  /** A connected socket goes on with a new token of its user. Answers when that ends, milliseconds since the epoch. */
  async renew(connection: Connection, token: string): Promise<number> {
    const proven = await this.tokens.prove(token);
    const { caller } = connection;
    if (proven.app.pk !== caller.app.pk || proven.claims.sub !== caller.userId) throw new AppError('BAD_CREDENTIALS');
    const device = { id: connection.deviceId, platform: connection.platform };
    const { caller: renewed, generation } = await this.enter(
      proven,
      device,
      connection.socket.id,
      () => !connection.socket.connected,
    );
    connection.caller = renewed;
    connection.generation = generation;
    connection.expiresAt = proven.expiresAt;
    this.kicks.arrived(connection);
    return proven.expiresAt;
  }

  private async enter(proven: ProvenToken, device: Device, socketId: string, gone: () => boolean): Promise<Entered> {
    const { app, claims, kid } = proven;
    const binding = await this.binder.bind({
      appPk: app.pk,
      policy: app.settings.devicePolicy,
      userId: claims.sub,
      loginId: claims.sid,
      tokenVersion: claims.ver,
      deviceId: device.id,
      platform: device.platform,
      gone,
    });
    // The app may have changed while this waited for its turn.
    await this.tokens.assertStill(proven);
    const { userPk, userId } = binding.user;
    if (binding.again || binding.ended.length > 0) {
      // Once whoever was admitted by the same commit has become a connection.
      setImmediate(() => this.driveOut(app.pk, userPk, binding, device));
    }
    const caller: UserCaller = {
      kind: 'user',
      app: appRefOf(app),
      userPk,
      userId,
      sessionPk: binding.sessionPk,
      sessionId: binding.sessionId,
      authVersion: binding.authVersion,
      tokenIssuedAt: claims.iat,
      tokenKid: kid,
      socketId,
    };
    return { caller, generation: binding.generation };
  }

  private driveOut(appPk: number, userPk: number, binding: Binding, { platform }: Device): void {
    const ended = (reason: string): number[] =>
      binding.ended.filter((loser) => loser.reason === reason).map(({ sessionPk }) => sessionPk);
    const replaced = ended('replaced');
    if (replaced.length > 0) this.live.kick(userPk, replaced, 'replaced');
    if (binding.again) this.live.kick(userPk, [binding.sessionPk], 'replaced', { before: binding.generation });
    if (binding.ended.length > 0) {
      this.ender.announce({ appPk, userPk, sessionPks: ended('multi-login'), reason: 'multi-login' }, platform);
    }
  }
}

function shapeOf(auth: unknown): HandshakeDto {
  const named = typeof auth === 'object' && auth !== null && 'token' in auth;
  if (!named) throw new AppError('UNAUTHENTICATED');
  return validatorOf(HandshakeDto)(auth);
}
