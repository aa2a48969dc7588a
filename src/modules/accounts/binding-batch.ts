import { AppError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { losers, type BoundSession, type DevicePolicy } from './device-policy';
import { seatOf } from './login-rules';
import type { SessionEndReason } from './session.entity';
import type { UserStatus } from './user.entity';

/** A device that wants to connect with a proven token. */
export interface BindRequest {
  readonly appPk: number;
  readonly policy: DevicePolicy;
  readonly userPk: number;
  readonly loginId: string;
  /** The token's `ver`. */
  readonly tokenVersion: number;
  readonly deviceId: string;
  readonly platform: string;
}

export interface BatchUser {
  id: number;
  status: UserStatus;
  tokenVersion: number;
  authVersion: number;
  /** The database's clock. */
  now: Date;
}

/** A session's row while a batch changes it; `id` is null until a new one is stored. */
export interface BoundRow {
  id: number | null;
  appPk: number;
  userPk: number;
  sessionId: string;
  loginId: string;
  deviceId: string | null;
  platform: string | null;
  boundAt: Date | null;
  generation: number;
  expiresAt: Date;
  endedAt: Date | null;
  endReason: SessionEndReason | null;
  endedBy: string | null;
}

/** Where a request came to sit. */
export interface Seat {
  row: BoundRow;
  /** The row's, at this request's turn; a later one of the batch may have raised it since. */
  generation: number;
  again: boolean;
  ended: BoundRow[];
}

/** The decisions of one batch of connecting devices, in order of arrival, over rows that the transaction holds. */
export class BindingBatch {
  private readonly users = new Map<number, BatchUser>();
  private readonly byUser = new Map<number, BoundRow[]>();
  private readonly dirty = new Set<BoundRow>();
  private readonly lost = new Set<number>();

  constructor(users: readonly BatchUser[], rows: Iterable<BoundRow>) {
    for (const user of users) {
      this.users.set(user.id, user);
      this.byUser.set(user.id, []);
    }
    for (const row of rows) this.byUser.get(row.userPk)?.push(row);
  }

  seat(request: BindRequest): Seat | AppError {
    const user = this.users.get(request.userPk);
    if (user?.status === 'deactivated') return new AppError('USER_DEACTIVATED');
    if (user?.status !== 'active' || request.tokenVersion < user.tokenVersion) return new AppError('TOKEN_REVOKED');
    const rows = this.byUser.get(user.id) ?? [];
    const login = rows.filter(({ loginId }) => loginId === request.loginId);
    const found = seatOf(login, request.deviceId);
    if (!found) return new AppError('TOKEN_REVOKED', reasonOf(login, request.deviceId));
    const row = found === 'new' ? this.open(request, login, rows) : found;
    const again = row.boundAt !== null;
    this.bind(row, request, user.now);
    return { row, generation: row.generation, again, ended: this.driveOut(row, rows, request.policy, user.now) };
  }

  changed(): BoundRow[] {
    return [...this.dirty];
  }

  /** Users some of whose bound sessions ended: what was decided about them before counts no more. */
  usersWithLosers(): number[] {
    return [...this.lost].sort((a, b) => a - b);
  }

  /** By user, the devices that others drove out; one whose user logged in on it again has only changed its login. */
  devicesDrivenOut(): Map<number, string[]> {
    const devices = new Map<number, string[]>();
    for (const { userPk, deviceId, endReason } of this.dirty) {
      if (endReason !== 'multi-login' || deviceId === null) continue;
      const known = devices.get(userPk);
      if (known) known.push(deviceId);
      else devices.set(userPk, [deviceId]);
    }
    return devices;
  }

  authVersionOf(userPk: number): number {
    return (this.users.get(userPk)?.authVersion ?? 0) + (this.lost.has(userPk) ? 1 : 0);
  }

  private open(request: BindRequest, login: readonly BoundRow[], rows: BoundRow[]): BoundRow {
    const row: BoundRow = {
      id: null,
      appPk: request.appPk,
      userPk: request.userPk,
      sessionId: randomId(20),
      loginId: request.loginId,
      deviceId: null,
      platform: null,
      boundAt: null,
      generation: 0,
      expiresAt: login[0]?.expiresAt ?? new Date(0),
      endedAt: null,
      endReason: null,
      endedBy: null,
    };
    rows.push(row);
    return row;
  }

  private bind(row: BoundRow, { deviceId, platform }: BindRequest, now: Date): void {
    row.deviceId = deviceId;
    row.platform = platform;
    row.boundAt = now;
    // Under the user's lock: of all sockets of the device, on whatever node, this one is the newest.
    row.generation++;
    this.dirty.add(row);
  }

  private driveOut(row: BoundRow, rows: readonly BoundRow[], policy: DevicePolicy, now: Date): BoundRow[] {
    const others = rows.filter(
      (other) => other !== row && other.deviceId !== null && other.endedAt === null && other.expiresAt > now,
    );
    const sameDevice = others.filter(({ deviceId }) => deviceId === row.deviceId);
    for (const other of sameDevice) this.end(other, 'replaced', now);
    const elsewhere = new Map(
      others.filter(({ deviceId }) => deviceId !== row.deviceId).map((other) => [asBound(other), other]),
    );
    const beaten = losers(policy, asBound(row), [...elsewhere.keys()]).map((bound) => elsewhere.get(bound) as BoundRow);
    for (const other of beaten) {
      this.end(other, 'multi-login', now);
      other.endedBy = row.platform;
    }
    return [...sameDevice, ...beaten];
  }

  private end(row: BoundRow, reason: SessionEndReason, now: Date): void {
    row.endedAt = now;
    row.endReason = reason;
    this.dirty.add(row);
    this.lost.add(row.userPk);
  }
}

const asBound = (row: BoundRow): BoundSession => ({
  pk: row.id ?? Number.MAX_SAFE_INTEGER,
  platform: row.platform ?? '',
  boundAt: row.boundAt?.getTime() ?? 0,
});

/** Why this device may not come back, where the client can be told: it was driven out by another. */
function reasonOf(login: readonly BoundRow[], deviceId: string): { details: { reason: string } } | undefined {
  const own = login.find((row) => row.deviceId === deviceId);
  return own?.endReason ? { details: { reason: own.endReason } } : undefined;
}
