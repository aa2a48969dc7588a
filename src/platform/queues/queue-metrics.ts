import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Gauge, register } from 'prom-client';
import { Sql } from '../database/sql';
import { OUTBOX_DEAD, OUTBOX_NEW } from './outbox.entity';

interface State {
  state: number;
  pending: number;
  age: number | null;
}

/** What is owed, read from the database when somebody asks for the metrics. */
@Injectable()
export class QueueMetrics implements OnModuleInit {
  constructor(private readonly sql: Sql) {}

  onModuleInit(): void {
    const gauges: [string, string, (states: State[]) => number][] = [
      [
        'parley_outbox_pending',
        'Outbox rows still owed',
        (states) => states.find(({ state }) => state === OUTBOX_NEW)?.pending ?? 0,
      ],
      [
        'parley_outbox_dead',
        'Outbox rows given up',
        (states) => states.find(({ state }) => state === OUTBOX_DEAD)?.pending ?? 0,
      ],
      [
        'parley_outbox_oldest_seconds',
        'Age of the oldest outbox row still owed',
        (states) => states.find(({ state }) => state === OUTBOX_NEW)?.age ?? 0,
      ],
    ];
    for (const [name, help, read] of gauges) {
      register.removeSingleMetric(name);
      const ask = () => this.states();
      new Gauge({
        name,
        help,
        async collect() {
          this.set(read(await ask()));
        },
      });
    }
  }

  /** One statement for the gauges of one scrape. */
  private asking: Promise<State[]> | undefined;
  private states(): Promise<State[]> {
    this.asking ??= this.sql
      .rows<State>(
        'SELECT state, COUNT(*) AS pending, CAST(TIMESTAMPDIFF(SECOND, MIN(createdAt), NOW(3)) AS SIGNED) AS age FROM outbox WHERE state IN (?) GROUP BY state',
        [[OUTBOX_NEW, OUTBOX_DEAD]],
      )
      .catch(() => [])
      .finally(() => (this.asking = undefined));
    return this.asking;
  }
}
