import { WebSocketGateway } from '@nestjs/websockets';
import type { UserCaller } from '../../kernel/caller';
import type { Connection } from '../../platform/realtime/connection';
import { On } from '../../platform/realtime/on.decorator';
import { DeviceStateDto } from './dto/device-state.dto';
import { RenewTokenDto } from './dto/session.dto';
import { PresenceSubscribeDto } from './dto/user.dto';
import { PresenceService } from './presence.service';
import { AccountsSessionGate } from './session-gate';

/** The socket's door to accounts. The dispatcher has proved the caller and the shape, and answers `{ok, …}`. */
@WebSocketGateway()
export class AccountsGateway {
  constructor(
    private readonly gate: AccountsSessionGate,
    private readonly presence: PresenceService,
  ) {}

  @On('session:renew')
  async renew(_caller: UserCaller, { token }: RenewTokenDto, connection: Connection) {
    return { expiresAt: new Date(await this.gate.renew(connection, token)).toISOString() };
  }

  @On('device:state')
  state(_caller: UserCaller, { state }: DeviceStateDto, connection: Connection) {
    return this.presence.setState(connection, state);
  }

  @On('presence:subscribe')
  subscribe(caller: UserCaller, { userIds, unsubscribe }: PresenceSubscribeDto, connection: Connection) {
    return unsubscribe
      ? this.presence.unsubscribe(userIds, connection)
      : this.presence.subscribe(caller, userIds, connection);
  }
}
