import { Injectable, Optional } from '@nestjs/common';
import type { BusFrameName } from '../../kernel/contracts/bus-frames';
import { Sql } from '../database/sql';

/** Rows of the last seconds are looked at, so that one whose transaction became visible late is found. */
const RECENT_S = 5;
const KEPT_S = 60;
const DELETED_AT_ONCE = 1000;

/** What one node writes at a time: its batches in their order, under the numbers that they have on the bus. */
export interface FallbackBatch {
  /** By channel (`all`, or a node): of the batches after the first number up to the second, all that belongs here is here. */
  readonly covers: Readonly<Record<string, readonly [since: number, upTo: number]>>;
  readonly batches: readonly (readonly [channel: string, n: number, frames: [BusFrameName, never][]])[];
}

/** A row without its text. */
export interface FallbackHeader {
  readonly id: number;
  readonly sender: string;
  readonly cutOff: boolean;
  readonly ageMs: number;
}

/** The table of the bus's fallback transport (docs/adr/0025). A node without a database has none. */
@Injectable()
export class FallbackTable {
  constructor(@Optional() private readonly sql?: Sql) {}

  get isAvailable(): boolean {
    return this.sql !== undefined;
  }

  /** @param text JSON of a `FallbackBatch` */
  async write(sender: string, cutOff: boolean, text: string): Promise<void> {
    await this.sql?.run('INSERT INTO bus_fallback (sender, cutOff, text) VALUES (?, ?, ?)', [
      sender,
      cutOff ? 1 : 0,
      text,
    ]);
  }

  /** What other nodes wrote within the last seconds, oldest first; without the texts, which concern few. */
  async recentHeaders(reader: string): Promise<FallbackHeader[]> {
    const rows = await this.sql?.rows<{ id: number; sender: string; cutOff: number; ageMs: number }>(
      `SELECT id, sender, cutOff, TIMESTAMPDIFF(MICROSECOND, createdAt, NOW(3)) DIV 1000 AS ageMs
         FROM bus_fallback WHERE createdAt > DATE_SUB(NOW(3), INTERVAL ? SECOND) AND sender <> ? ORDER BY id`,
      [RECENT_S, reader],
    );
    return (rows ?? []).map(({ id, sender, cutOff, ageMs }) => ({
      id,
      sender,
      cutOff: cutOff === 1,
      ageMs: Number(ageMs),
    }));
  }

  async batches(ids: readonly number[]): Promise<ReadonlyMap<number, FallbackBatch>> {
    const rows = await this.sql?.rows<{ id: number; text: string }>(
      'SELECT id, text FROM bus_fallback WHERE id IN (?)',
      [[...ids]],
    );
    return new Map(rows?.map(({ id, text }) => [id, JSON.parse(text) as FallbackBatch]));
  }

  async deleteOld(): Promise<void> {
    await this.sql?.run('DELETE FROM bus_fallback WHERE createdAt < DATE_SUB(NOW(3), INTERVAL ? SECOND) LIMIT ?', [
      KEPT_S,
      DELETED_AT_ONCE,
    ]);
  }
}
