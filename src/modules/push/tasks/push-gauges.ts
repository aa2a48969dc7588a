import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Gauge, register } from 'prom-client';
import { Sql } from '../../../platform/database/sql';

interface Waiting {
  fanouts: number;
  dead: number;
  fanoutAge: number;
  tasks: number;
  taskAge: number;
}

const NOTHING: Waiting = { fanouts: 0, dead: 0, fanoutAge: 0, tasks: 0, taskAge: 0 };

/** What push still owes, read from the tables when somebody asks for the metrics. */
@Injectable()
export class PushGauges implements OnModuleInit {
  private asking: Promise<Waiting> | undefined;

  constructor(private readonly sql: Sql) {}

  onModuleInit(): void {
    const gauges: [string, string, keyof Waiting][] = [
      ['parley_push_undecided', 'Rows of messages whose recipients are still to be decided', 'fanouts'],
      ['parley_push_undecided_oldest_seconds', 'How long the oldest of them is overdue', 'fanoutAge'],
      ['parley_push_undecided_dead', 'Such rows given up, for an operator to replay', 'dead'],
      ['parley_push_open', 'Pushes decided and not yet ended', 'tasks'],
      ['parley_push_open_oldest_seconds', 'How long the oldest of them is overdue', 'taskAge'],
    ];
    for (const [name, help, of] of gauges) {
      register.removeSingleMetric(name);
      const ask = () => this.waiting();
      new Gauge({
        name,
        help,
        async collect() {
          this.set((await ask())[of]);
        },
      });
    }
  }

  /** One statement for the gauges of one scrape. */
  private waiting(): Promise<Waiting> {
    this.asking ??= this.sql
      .rows<Record<keyof Waiting, number | string>>(
        `SELECT f.fanouts, f.fanoutAge, x.dead, t.tasks, t.taskAge FROM
          (SELECT COUNT(*) AS fanouts, ${OVERDUE} AS fanoutAge FROM push_fanouts WHERE dead = 0) f,
          (SELECT COUNT(*) AS dead FROM push_fanouts WHERE dead = 1) x,
          (SELECT COALESCE(SUM(size), 0) AS tasks, ${OVERDUE} AS taskAge FROM push_batches) t`,
      )
      .then(([row]) =>
        row
          ? (Object.fromEntries(
              Object.entries(row).map(([name, value]) => [name, Number(value)]),
            ) as unknown as Waiting)
          : NOTHING,
      )
      .catch(() => NOTHING)
      .finally(() => (this.asking = undefined));
    return this.asking;
  }
}

const OVERDUE = 'GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, MIN(nextAt), NOW(3)), 0))';
