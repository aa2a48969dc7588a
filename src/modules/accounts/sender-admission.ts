import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';
import type { Admission } from '../conversations';
import type { UserStatus } from './user.entity';

/** How senders stand at this moment, under the lock. */
export interface Standing {
  /** In the order of the admissions; undefined for yes. */
  refusals: (AppError | undefined)[];
  /** Of the users asked about besides; those that do not exist are missing. */
  statusOf: ReadonlyMap<number, UserStatus>;
}

interface StandingRow {
  isApp: number;
  id: number;
  status: string;
  authVersion: number;
}

/**
 * May these senders speak at all? The question that every audience shares: the app runs, the user is in good standing,
 * and its session was not ended since it was proven. One statement for a whole batch; a second one only for sessions
 * about which something was decided meanwhile.
 */
@Injectable()
export class SenderAdmission {
  /** @param alsoPks users whose status the audience wants to know too (recipients) */
  async check(tx: SqlExecutor, admissions: readonly Admission[], alsoPks: readonly number[] = []): Promise<Standing> {
    const senderPks = admissions.flatMap(({ sender }) => (sender ? [sender.userPk] : []));
    // 0 is nobody: a list of values must not be empty.
    const userPks = [...new Set([0, ...senderPks, ...alsoPks])];
    const rows = await tx.rows<StandingRow>(
      `SELECT 0 AS isApp, id, status, authVersion FROM users WHERE id IN (?)
       UNION ALL
       SELECT 1, a.id, IF(d.status = 'suspended', d.status, a.status), 0
         FROM apps a JOIN developers d ON d.id = a.developerPk WHERE a.id IN (?) AND a.deletedAt IS NULL`,
      [userPks, [...new Set(admissions.map(({ app }) => app.pk))]],
    );
    const users = new Map(rows.filter(({ isApp }) => isApp === 0).map((row) => [row.id, row]));
    const apps = new Map(rows.filter(({ isApp }) => isApp === 1).map((row) => [row.id, row.status]));
    const ended = await this.ended(tx, admissions, users);
    return {
      refusals: admissions.map((admission) => refusalOf(admission, apps.get(admission.app.pk), users, ended)),
      statusOf: new Map([...users].map(([pk, { status }]) => [pk, status as UserStatus])),
    };
  }

  /** Which sessions have ended, among those of users about whom something changed since they were proven. */
  private async ended(
    tx: SqlExecutor,
    admissions: readonly Admission[],
    users: ReadonlyMap<number, StandingRow>,
  ): Promise<ReadonlySet<number>> {
    const doubtful = new Set<number>();
    for (const { sender } of admissions) {
      if (sender?.session && users.get(sender.userPk)?.authVersion !== sender.session.authVersion) {
        doubtful.add(sender.session.pk);
      }
    }
    if (doubtful.size === 0) return doubtful;
    const live = await tx.rows<{ id: number }>('SELECT id FROM sessions WHERE id IN (?) AND endedAt IS NULL', [
      [...doubtful],
    ]);
    for (const { id } of live) doubtful.delete(id);
    return doubtful;
  }
}

function refusalOf(
  { sender }: Admission,
  appStatus: string | undefined,
  users: ReadonlyMap<number, StandingRow>,
  ended: ReadonlySet<number>,
): AppError | undefined {
  if (appStatus === 'suspended') return new AppError('APP_SUSPENDED');
  if (appStatus !== 'online') return new AppError('APP_NOT_ONLINE');
  if (!sender) return undefined;
  const status = users.get(sender.userPk)?.status;
  if (status === 'deactivated') return new AppError('USER_DEACTIVATED');
  if (status !== 'active') {
    return sender.session ? new AppError('TOKEN_REVOKED') : new AppError('USER_NOT_FOUND', { field: 'from' });
  }
  return sender.session && ended.has(sender.session.pk) ? new AppError('TOKEN_REVOKED') : undefined;
}
