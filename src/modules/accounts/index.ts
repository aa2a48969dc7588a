/** The middle floor: users, their sessions and devices, presence. */
export { AccountsModule } from './accounts.module';
export { UserIdsDto } from './dto/user-ids.dto';
export { Departures, type DepartedUser } from './departures';
export { DeviceLogins, type KeptWithLogin, type LoginsEnding } from './device-logins';
export { Recipients } from './recipients';
export { SenderAdmission, type Standing } from './sender-admission';
export { SessionCheck } from './session-check.service';
export { UserCards, type UserCard } from './user-cards';
export { UserDirectory, type KnownUser, type Named } from './user-directory';
export { UserEvents } from './user-events.service';
export { Users } from './users.service';
export type { UserStatus } from './user.entity';
