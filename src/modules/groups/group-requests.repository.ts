import { Injectable } from '@nestjs/common';
import { randomId } from '../../kernel/ids';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import type { RequestKind, RequestStatus } from './group.entity';
import type { GroupRecord, RequestRecord } from './group-records';

/** Statements about who waits to come in, and who is asked to. */
@Injectable()
export class GroupRequestsRepository {
  constructor(private readonly sql: Sql) {}

  /** The one that waits already, or a new one. */
  async open(
    tx: SqlExecutor,
    { id, appPk }: GroupRecord,
    kind: RequestKind,
    userPk: number,
    { message = null, invitedByPk = 0 }: { message?: string | null; invitedByPk?: number },
  ): Promise<{ requestId: string; fresh: boolean }> {
    const known = await this.pending(tx, id, kind, userPk);
    if (known) return { requestId: known.requestId, fresh: false };
    const requestId = randomId(20, kind === 'request' ? 'r' : 'i');
    await tx.run(
      'INSERT INTO group_requests (appPk, requestId, groupPk, userPk, kind, status, invitedByPk, message) VALUES (?)',
      [[appPk, requestId, id, userPk, kind, 'pending', invitedByPk, message]],
    );
    return { requestId, fresh: true };
  }

  async pending(
    tx: SqlExecutor,
    groupPk: number,
    kind: RequestKind,
    userPk: number,
  ): Promise<RequestRecord | undefined> {
    const [row] = await tx.rows<RequestRecord>(
      `${REQUESTS} WHERE r.userPk = ? AND r.status = 'pending' AND r.groupPk = ? AND r.kind = ?`,
      [userPk, groupPk, kind],
    );
    return row;
  }

  async find(
    tx: SqlExecutor,
    groupPk: number,
    kind: RequestKind,
    requestId: string,
  ): Promise<RequestRecord | undefined> {
    const [row] = await tx.rows<RequestRecord>(
      `${REQUESTS} JOIN chat_groups g ON g.id = r.groupPk
        WHERE r.appPk = g.appPk AND r.requestId = ? AND r.groupPk = ? AND r.kind = ?`,
      [requestId, groupPk, kind],
    );
    return row;
  }

  async decide(tx: SqlExecutor, id: number, status: RequestStatus, reason: string | null = null): Promise<void> {
    await tx.run('UPDATE group_requests SET status = ?, reason = ?, decidedAt = NOW(3) WHERE id = ?', [
      status,
      reason,
      id,
    ]);
  }

  /** Whoever is in, or may not come in, waits no longer. */
  async settle(tx: SqlExecutor, groupPk: number, userPks: readonly number[], into: 'in' | 'out'): Promise<void> {
    if (userPks.length === 0) return;
    const [request, invitation] = into === 'in' ? ['approved', 'accepted'] : ['rejected', 'declined'];
    await tx.run(
      `UPDATE group_requests SET status = IF(kind = 'request', ?, ?), decidedAt = NOW(3)
        WHERE userPk IN (?) AND status = 'pending' AND groupPk = ?`,
      [request, invitation, [...userPks], groupPk],
    );
  }

  /** A deleted user waits for nothing, wherever it asked or was asked. */
  async forget(userPk: number): Promise<void> {
    await this.sql.run(
      `UPDATE group_requests SET status = IF(kind = 'request', 'rejected', 'declined'), decidedAt = NOW(3)
        WHERE userPk = ? AND status = 'pending'`,
      [userPk],
    );
  }

  page(
    groupPk: number,
    kind: RequestKind,
    status: RequestStatus,
    after: number,
    limit: number,
  ): Promise<RequestRecord[]> {
    return this.sql.rows<RequestRecord>(
      `${REQUESTS} AND u.status <> 'deleted' WHERE r.groupPk = ? AND r.kind = ? AND r.status = ? AND r.id > ? ORDER BY r.id LIMIT ?`,
      [groupPk, kind, status, after, limit],
    );
  }

  invitationsOf(userPk: number, after: number, limit: number): Promise<(RequestRecord & { groupId: string })[]> {
    return this.sql.rows<RequestRecord & { groupId: string }>(
      `SELECT ${COLUMNS}, g.groupId FROM group_requests r JOIN users u ON u.id = r.userPk
         JOIN chat_groups g ON g.id = r.groupPk AND g.status <> 'dissolved'
        WHERE r.userPk = ? AND r.status = 'pending' AND r.id > ? AND r.kind = 'invitation' ORDER BY r.id LIMIT ?`,
      [userPk, after, limit],
    );
  }
}

const COLUMNS =
  'r.id, r.requestId, r.groupPk, r.userPk, u.userId, r.kind, r.status, r.invitedByPk, r.message, r.reason, r.createdAt';
const REQUESTS = `SELECT ${COLUMNS} FROM group_requests r JOIN users u ON u.id = r.userPk`;
