import { Injectable } from '@nestjs/common';
import type { Jobs } from '../../kernel/contracts/jobs';
import type { SqlTransaction } from '../../platform/database/sql';
import type { JobHandler } from '../../platform/queues/job-queue';
import { Outbox } from '../../platform/queues/outbox';
import { WorkerHost } from '../../platform/queues/worker-host';
import type { Named } from './user-directory';

/** A user that was deleted; it can do nothing any more. */
export interface DepartedUser extends Named {
  readonly appPk: number;
}

/** What a module keeps about users besides their rows, and lets go of when one is deleted. Safe to run twice. */
export type Farewell = (user: DepartedUser) => Promise<void>;

/**
 * Tells the floors above that a user is gone, so that it is taken out of what it was in. Owed by the same transaction
 * that deletes it: a crash in between costs time, and leaves nobody behind for ever.
 */
@Injectable()
export class Departures implements JobHandler<'user-departed'> {
  readonly job = 'user-departed';
  readonly concurrency = 2;
  private readonly farewells: Farewell[] = [];

  constructor(
    private readonly outbox: Outbox,
    host: WorkerHost,
  ) {
    host.register(this);
  }

  /** In a constructor of the module that keeps something. */
  onDeparture(farewell: Farewell): void {
    this.farewells.push(farewell);
  }

  /** Within the transaction that deletes the user. */
  owe(tx: SqlTransaction, user: DepartedUser): void {
    this.outbox.write(tx, 'user-departed', user);
  }

  /** One user that cannot be let go of now (a locked group) does not hold up the others: its row stays owed. */
  async handle({ outboxIds }: Jobs['user-departed']): Promise<void> {
    const failures: unknown[] = [];
    for (const { id, payload } of await this.outbox.open<DepartedUser>(outboxIds)) {
      try {
        for (const farewell of this.farewells) await farewell(payload);
        await this.outbox.done([id]);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new Error(`${failures.length} deleted users are still in something`, { cause: failures[0] });
  }
}
