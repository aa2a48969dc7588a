import type { SessionEndReason } from './session.entity';

/** What the rules below need of a session's row. */
export interface LoginRow {
  readonly sessionId: string;
  readonly loginId: string;
  readonly deviceId: string | null;
  readonly endedAt: Date | null;
  readonly endReason: SessionEndReason | null;
}

const ON_ITS_DEVICE_ONLY: ReadonlySet<SessionEndReason | null> = new Set<SessionEndReason>(['multi-login', 'replaced']);

/** The row that the login itself made; others of the login are devices that used the same token. */
export const rootOf = <R extends LoginRow>(rows: readonly R[]): R | undefined =>
  rows.find(({ sessionId, loginId }) => sessionId === loginId);

/** Whether the login behind these rows (all that it has) still stands, on whatever device. */
export function stands(rows: readonly LoginRow[]): boolean {
  const root = rootOf(rows);
  return root !== undefined && (root.endedAt === null || ON_ITS_DEVICE_ONLY.has(root.endReason));
}

/**
 * The session that speaks for a call without a device (REST): the login's own, else another device's that used the
 * token. Undefined when the login was ended, or lost every device it had.
 */
export const speaker = <R extends LoginRow>(rows: readonly R[]): R | undefined => {
  if (!stands(rows)) return undefined;
  const root = rootOf(rows);
  return root?.endedAt === null ? root : rows.find(({ endedAt }) => endedAt === null);
};

/** May this device connect with the login's token: with which row, or with a new one? Undefined: no. */
export function seatOf<R extends LoginRow>(rows: readonly R[], deviceId: string): R | 'new' | undefined {
  if (!stands(rows)) return undefined;
  const own = rows.find((row) => row.deviceId === deviceId);
  if (own) return own.endedAt === null ? own : undefined;
  const root = rootOf(rows);
  if (root?.deviceId === null && root.endedAt === null) return root;
  // Who lost every device it had comes back under no new name: REST refuses its token as well.
  return speaker(rows) ? 'new' : undefined;
}
