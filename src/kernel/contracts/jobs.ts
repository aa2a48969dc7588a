/**
 * Every background job by name, with its payload. Payloads carry ids only: a queue's content is no secret and no
 * truth (protocol.md §2.9); the worker reads the rows again. Each job may run twice and must then change nothing more.
 */
export interface Jobs {
  /** Outbox rows whose messages may not have reached everybody yet. */
  'offline-delivery': { outboxIds: number[] };
  /** Outbox rows that name deleted users: takes them out of what they were in. */
  'user-departed': { outboxIds: number[] };
  /** An app has messages whose recipients are still to be decided: a push, or the reason for none. */
  'push-decide': { appPk: number };
  /** An app has pushes that are due. */
  'push-send': { appPk: number };
  /** A user read something: its other devices may want the new badge. */
  'push-badge': { appPk: number; userPk: number };
  /** Deletes what has outlived its use: finished outbox rows, old user events, expired sessions and idempotency keys. */
  housekeeping: Record<string, never>;
}

export type JobName = keyof Jobs;

export const JOB_NAMES = [
  'offline-delivery',
  'user-departed',
  'push-decide',
  'push-send',
  'push-badge',
  'housekeeping',
] as const satisfies readonly JobName[];

/** Kinds of outbox rows, and the job that does what is owed. */
export const OWED_JOBS = {
  messages: 'offline-delivery',
  'user-departed': 'user-departed',
} as const satisfies Record<string, JobName>;
export type OwedKind = keyof typeof OWED_JOBS;
