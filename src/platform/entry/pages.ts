import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings';
import { writeCursor } from './cursor';
import { PageBudget } from './page-budget';
import type { Page } from './page-query';

/** What an answer says around its items, its cursor included. */
const AROUND_BYTES = 512;

/** Pages of lists: bounded by rows and by bytes (contract.md, Errors). */
@Injectable()
export class Pages {
  /** What the items of a page may weigh. */
  readonly maxBytes: number;

  constructor({ limits }: Settings) {
    this.maxBytes = limits.pageBytes - AROUND_BYTES;
  }

  /** @param taken bytes that the answer spends on something else */
  budget(taken = 0): PageBudget {
    return new PageBudget(this.maxBytes - taken);
  }

  /**
   * Cuts a page out of rows of which one more than `limit` was asked for: that one only says whether there is more. Ends
   * before `limit` where the items use up the bytes.
   *
   * @param cut whether rows were left out for their size
   */
  of<Row, T>(
    rows: readonly Row[],
    limit: number,
    keyOf: (row: Row) => (number | string)[],
    view: (row: Row) => T,
    cut = false,
  ): Page<T> {
    const budget = this.budget();
    const items: T[] = [];
    for (const row of rows.slice(0, limit)) {
      const item = view(row);
      if (!budget.take(bytesOf(item))) break;
      items.push(item);
    }
    const last = rows[items.length - 1];
    const more = cut || rows.length > items.length;
    return { items, ...(more && last !== undefined && { nextCursor: writeCursor(...keyOf(last)) }) };
  }
}

/** What an item adds to a list of them. */
export const bytesOf = (item: unknown): number => Buffer.byteLength(JSON.stringify(item)) + 1;
