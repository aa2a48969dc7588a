import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { writeCursor } from './cursor';
import { PAGE_BYTES, PageRoom } from './page-room';

export const PAGE_DEFAULT = 20;
export const PAGE_MAX = 100;

/** The query of every list: `?limit=50&cursor=…`. Extend it for filters. */
export class PageQuery {
  /** Items a page; 20 when absent, more than 100 is refused. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(PAGE_MAX)
  limit?: number;

  /** `nextCursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

/** What every list answers. */
export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const limitOf = (query: PageQuery): number => query.limit ?? PAGE_DEFAULT;

/**
 * Cuts a page out of rows of which one more than `limit` was asked for: that one only says whether there is more. Ends
 * before `limit` where the items use up `PAGE_BYTES`.
 */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => (number | string)[],
  view: (row: Row) => T,
): Page<T> {
  const room = new PageRoom(PAGE_BYTES);
  const items = room.fill(rows.slice(0, limit).map(view), (item) => Buffer.byteLength(JSON.stringify(item)) + 1);
  const last = rows[items.length - 1];
  return {
    items,
    ...(rows.length > items.length && last !== undefined && { nextCursor: writeCursor(...keyOf(last)) }),
  };
}
