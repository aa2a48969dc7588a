import { Injectable } from '@nestjs/common';
import type { TenantCaller, UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor, SqlValue } from '../../platform/database/sql';
import type { Admission, Sender } from '../conversations';
import type { UserStatus } from './user.entity';

/** One who wants to speak, or to change something. */
type Speaking = Pick<Admission, 'app' | 'sender'>;

/** How a batch stands at this moment, under the lock. */
export interface Standing {
  /** In the order of the admissions; undefined for yes. */
  readonly refusals: readonly (AppError | undefined)[];
  /** Those of the users asked about besides that are deleted or never were. */
  readonly gone: ReadonlySet<number>;
}

/** A batch's users by what is asked of them, each once. */
interface Parties {
  /** Senders that ask themselves, with the authVersion under which they were proven; undefined when two calls differ. */
  own: Map<number, number | undefined>;
  /** Senders named by the app's server. */
  named: Set<number>;
  others: Set<number>;
}

interface SumRow<N = number> {
  part: number;
  n: N;
  versions: N | null;
  status: string | null;
}

interface UserRecord {
  id: number;
  status: UserStatus;
  authVersion: number;
}

const OWN = 0;
const NAMED = 1;
const OTHERS = 2;
const APPS = 3;
const NONE: ReadonlySet<number> = new Set();

/**
 * May these senders speak at all? The question that every audience shares: the app runs and has not logged
 * everybody out, the user is in good standing, and its session was not ended since it was proven.
 *
 * One statement for a whole batch, and sums instead of rows: `authVersion` only ever rises, so the sum over the senders
 * is what it was if and only if each of them is. Only when a sum differs are the users (and the sessions of those about
 * whom something was decided meanwhile) read one by one.
 */
@Injectable()
export class SenderAdmission {
  /** @param otherPks users who must not be deleted (recipients) */
  async check(tx: SqlExecutor, admissions: readonly Speaking[], otherPks: readonly number[] = []): Promise<Standing> {
    const parties = partiesOf(admissions, otherPks);
    const sums = await this.sums(tx, parties, [...new Set(admissions.map(({ app }) => app.pk))]);
    const apps = new Map(sums.flatMap((row) => (row.part === APPS ? [[row.n, row]] : [])));
    if (asBefore(parties, sums)) {
      return { refusals: admissions.map((admission) => refusalByApp(admission, apps)), gone: NONE };
    }
    const users = await this.users(tx, parties);
    const ended = await this.ended(tx, admissions, users);
    return {
      refusals: admissions.map(
        (admission) => refusalByApp(admission, apps) ?? refusalOfSender(admission, users, ended),
      ),
      gone: new Set([...parties.others].filter((pk) => (users.get(pk)?.status ?? 'deleted') === 'deleted')),
    };
  }

  /**
   * The same for whoever changes something in a transaction of its own.
   * @throws AppError TOKEN_REVOKED, USER_DEACTIVATED, APP_NOT_ONLINE, APP_SUSPENDED
   */
  async assertStanding(tx: SqlExecutor, caller: TenantCaller): Promise<void> {
    const sender = caller.kind === 'user' ? senderOf(caller) : null;
    const { refusals } = await this.check(tx, [{ app: caller.app, sender }]);
    if (refusals[0]) throw refusals[0];
  }

  private async sums(tx: SqlExecutor, { own, named, others }: Parties, appPks: number[]): Promise<SumRow[]> {
    const texts: string[] = [];
    const values: SqlValue[] = [];
    const add = (part: number, pks: Iterable<number>, condition: string): void => {
      const list = [...pks];
      if (list.length === 0) return;
      texts.push(
        `SELECT ${part} AS part, COUNT(*) AS n, SUM(authVersion) AS versions, NULL AS status
           FROM users WHERE id IN (?) AND ${condition}`,
      );
      values.push(list);
    };
    add(OWN, own.keys(), "status = 'active'");
    add(NAMED, named, "status = 'active'");
    add(OTHERS, besides(others, own), "status <> 'deleted'");
    texts.push(
      `SELECT ${APPS} AS part, a.id AS n, a.tokensValidFrom AS versions, IF(d.status = 'suspended', d.status, a.status) AS status
         FROM apps a JOIN developers d ON d.id = a.developerPk WHERE a.id IN (?) AND a.deletedAt IS NULL`,
    );
    values.push(appPks);
    const rows = await tx.rows<SumRow<string | number>>(texts.join(' UNION ALL '), values);
    // Sums are decimals, and so is whatever shares a column with them: they come as text.
    return rows.map(({ part, n, versions, status }) => ({
      part,
      n: Number(n),
      versions: Number(versions ?? 0),
      status,
    }));
  }

  private async users(tx: SqlExecutor, { own, named, others }: Parties): Promise<ReadonlyMap<number, UserRecord>> {
    const pks = [...new Set([...own.keys(), ...named, ...others])];
    const rows = await tx.rows<UserRecord>('SELECT id, status, authVersion FROM users WHERE id IN (?)', [pks]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Which sessions have ended, among those of users about whom something changed since they were proven. */
  private async ended(
    tx: SqlExecutor,
    admissions: readonly Speaking[],
    users: ReadonlyMap<number, UserRecord>,
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

const senderOf = ({ userPk, userId, sessionPk, authVersion, tokenIssuedAt }: UserCaller): Sender => ({
  userPk,
  userId,
  session: { pk: sessionPk, authVersion, tokenIssuedAt },
});

function partiesOf(admissions: readonly Speaking[], otherPks: readonly number[]): Parties {
  const own = new Map<number, number | undefined>();
  const named = new Set<number>();
  for (const { sender } of admissions) {
    if (!sender) continue;
    const { userPk, session } = sender;
    if (!session) named.add(userPk);
    else own.set(userPk, own.has(userPk) && own.get(userPk) !== session.authVersion ? undefined : session.authVersion);
  }
  return { own, named, others: new Set(otherPks) };
}

/** The others who are not senders as well: of those it is known already that they are there. */
const besides = (others: ReadonlySet<number>, own: ReadonlyMap<number, unknown>): number[] =>
  [...others].filter((pk) => !own.has(pk));

/** Whether everybody is as it was when it was proven, and everybody asked about is there. */
function asBefore({ own, named, others }: Parties, sums: readonly SumRow[]): boolean {
  const of = (part: number): SumRow | undefined => sums.find((row) => row.part === part);
  let expected = 0;
  for (const version of own.values()) {
    if (version === undefined) return false;
    expected += version;
  }
  return (
    (of(OWN)?.n ?? 0) === own.size &&
    (of(OWN)?.versions ?? 0) === expected &&
    (of(NAMED)?.n ?? 0) === named.size &&
    (of(OTHERS)?.n ?? 0) === besides(others, own).length
  );
}

/** Of an app `versions` is the second from which its tokens are good. */
function refusalByApp({ app, sender }: Speaking, apps: ReadonlyMap<number, SumRow>): AppError | undefined {
  const found = apps.get(app.pk);
  if (found?.status === 'suspended') return new AppError('APP_SUSPENDED');
  if (found?.status !== 'online') return new AppError('APP_NOT_ONLINE');
  const { session } = sender ?? {};
  return session && session.tokenIssuedAt < Number(found.versions) ? new AppError('TOKEN_REVOKED') : undefined;
}

function refusalOfSender(
  { sender }: Speaking,
  users: ReadonlyMap<number, UserRecord>,
  ended: ReadonlySet<number>,
): AppError | undefined {
  if (!sender) return undefined;
  const status = users.get(sender.userPk)?.status;
  if (status === 'deactivated') return new AppError('USER_DEACTIVATED');
  if (status !== 'active') {
    return sender.session ? new AppError('TOKEN_REVOKED') : new AppError('USER_NOT_FOUND', { field: 'from' });
  }
  return sender.session && ended.has(sender.session.pk) ? new AppError('TOKEN_REVOKED') : undefined;
}
