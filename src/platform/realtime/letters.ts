import { Injectable, Optional } from '@nestjs/common';
import type { BusFrameName } from '../../kernel/contracts/bus-frames';
import { Sql } from '../database/sql';

/** Letters are looked for among those of the last seconds, so that one that became visible late is found. */
const RECENT_S = 5;
const KEPT_S = 60;
const DELETED_AT_ONCE = 1000;

/** What one node says by letter: its batches in their order, under the numbers that they have on the bus. */
export interface Letter {
  /** By channel (`all`, or a node): of the batches after the first number up to the second, all that is said by letter is here. */
  readonly covers: Readonly<Record<string, readonly [since: number, upTo: number]>>;
  readonly batches: readonly (readonly [channel: string, n: number, frames: [BusFrameName, never][]])[];
}

export interface Envelope {
  readonly id: number;
  readonly sender: string;
  readonly cutOff: boolean;
  readonly ageMs: number;
}

/** The bus's second way, through the database (docs/adr/0025). A node without a database has none. */
@Injectable()
export class Letters {
  constructor(@Optional() private readonly sql?: Sql) {}

  get possible(): boolean {
    return this.sql !== undefined;
  }

  async write(sender: string, cutOff: boolean, text: string): Promise<void> {
    await this.sql?.run('INSERT INTO bus_letters (sender, cutOff, text) VALUES (?, ?, ?)', [
      sender,
      cutOff ? 1 : 0,
      text,
    ]);
  }

  /** What others wrote within the last seconds, oldest first; without the texts, which concern few. */
  async recent(reader: string): Promise<Envelope[]> {
    const rows = await this.sql?.rows<{ id: number; sender: string; cutOff: number; ageMs: number }>(
      `SELECT id, sender, cutOff, TIMESTAMPDIFF(MICROSECOND, createdAt, NOW(3)) DIV 1000 AS ageMs
         FROM bus_letters WHERE createdAt > DATE_SUB(NOW(3), INTERVAL ? SECOND) AND sender <> ? ORDER BY id`,
      [RECENT_S, reader],
    );
    return (rows ?? []).map(({ id, sender, cutOff, ageMs }) => ({
      id,
      sender,
      cutOff: cutOff === 1,
      ageMs: Number(ageMs),
    }));
  }

  async open(ids: readonly number[]): Promise<ReadonlyMap<number, Letter>> {
    const rows = await this.sql?.rows<{ id: number; text: string }>(
      'SELECT id, text FROM bus_letters WHERE id IN (?)',
      [[...ids]],
    );
    return new Map(rows?.map(({ id, text }) => [id, JSON.parse(text) as Letter]));
  }

  /** Nobody reads them any more. */
  async tidy(): Promise<void> {
    await this.sql?.run('DELETE FROM bus_letters WHERE createdAt < DATE_SUB(NOW(3), INTERVAL ? SECOND) LIMIT ?', [
      KEPT_S,
      DELETED_AT_ONCE,
    ]);
  }
}
