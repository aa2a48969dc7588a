import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import type { UserStatus } from './user.entity';

/** What others may be told of a user, and whether it still is one. */
export interface UserCard {
  readonly userId: string;
  readonly status: UserStatus;
  readonly nickname?: string;
}

interface CardColumns {
  id: number;
  userId: string;
  status: UserStatus;
  nickname: string | null;
}

/** Many users by their keys, as they are now. */
@Injectable()
export class UserCards {
  constructor(private readonly sql: Sql) {}

  /** The deleted included; who is of another app is left out. */
  async of(appPk: number, userPks: readonly number[]): Promise<Map<number, UserCard>> {
    if (userPks.length === 0) return new Map();
    const rows = await this.sql.rows<CardColumns>(
      'SELECT id, userId, status, nickname FROM users WHERE id IN (?) AND appPk = ?',
      [[...new Set(userPks)], appPk],
    );
    return new Map(rows.map((row) => [row.id, cardOf(row)]));
  }
}

const cardOf = ({ userId, status, nickname }: CardColumns): UserCard => ({
  userId,
  status,
  nickname: nickname ?? undefined,
});
