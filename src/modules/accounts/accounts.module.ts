import { Module } from '@nestjs/common';
import { SESSION_GATE } from '../../platform/realtime/session-gate';
import { Audiences, ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { AccountsGateway } from './accounts.gateway';
import { BearerVerifier } from './bearer.verifier';
import { Departures } from './departures';
import { DeviceLogins } from './device-logins';
import { DirectAudience } from './direct.audience';
import { Endpoints } from './endpoints';
import { Logins } from './logins';
import { PresenceController } from './presence.controller';
import { PresenceService } from './presence.service';
import { PresenceReconciler } from './presence-reconciler';
import { PresenceWatch } from './presence-watch';
import { Recipients } from './recipients';
import { SenderAdmission } from './sender-admission';
import { SessionBinder } from './session-binder';
import { SessionCheck } from './session-check.service';
import { SessionChores } from './session-chores';
import { SessionEnder } from './session-ender';
import { AccountsSessionGate } from './session-gate';
import { SessionProofs } from './session-proofs';
import { SessionTrim } from './session-trim';
import { SessionsController } from './sessions.controller';
import { SessionsService } from './sessions.service';
import { SystemAudience } from './system.audience';
import { UserCards } from './user-cards';
import { UserDirectory } from './user-directory';
import { UserEvents } from './user-events.service';
import { UserRegistry } from './user-registry';
import { UserTokens } from './user-tokens.service';
import { UsersController } from './users.controller';
import { UsersRepository } from './users.repository';
import { Users } from './users.service';

/** Users, their sessions and devices, presence, and the conversations that users have with each other. */
@Module({
  imports: [TenancyModule, ConversationsModule],
  controllers: [UsersController, SessionsController, PresenceController],
  providers: [
    AccountsGateway,
    AccountsSessionGate,
    { provide: SESSION_GATE, useExisting: AccountsSessionGate },
    BearerVerifier,
    Departures,
    DeviceLogins,
    DirectAudience,
    Endpoints,
    Logins,
    PresenceService,
    PresenceReconciler,
    PresenceWatch,
    Recipients,
    SenderAdmission,
    SessionBinder,
    SessionCheck,
    SessionChores,
    SessionEnder,
    SessionProofs,
    SessionTrim,
    SessionsService,
    SystemAudience,
    UserCards,
    UserDirectory,
    UserEvents,
    UserRegistry,
    UserTokens,
    Users,
    UsersRepository,
  ],
  exports: [
    Departures,
    DeviceLogins,
    Recipients,
    SenderAdmission,
    SessionCheck,
    SessionEnder,
    UserCards,
    UserDirectory,
    UserEvents,
    Users,
  ],
})
export class AccountsModule {
  constructor(audiences: Audiences, names: UserDirectory) {
    audiences.names = names;
  }
}
