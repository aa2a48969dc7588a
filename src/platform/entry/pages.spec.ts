import { LimitSettings, Settings } from '../config/settings';
import { writeCursor } from './cursor';
import { Pages } from './pages';

const pagesOf = (pageBytes: number): Pages =>
  new Pages(Object.assign(new Settings(), { limits: Object.assign(new LimitSettings(), { pageBytes }) }));

describe('a page', () => {
  const pages = pagesOf(4096);
  const keyOf = (n: number) => [n];

  it('has a cursor only while there is more', () => {
    const view = (n: number) => n * 10;
    expect(pages.of([3, 2, 1], 2, keyOf, view)).toEqual({ items: [30, 20], nextCursor: writeCursor(2) });
    expect(pages.of([3, 2], 2, keyOf, view)).toEqual({ items: [30, 20] });
    expect(pages.of([], 2, keyOf, view)).toEqual({ items: [] });
    expect(pages.of([3, 2], 2, keyOf, view, true)).toEqual({ items: [30, 20], nextCursor: writeCursor(2) });
  });

  it('ends where its bytes do, but never before its first item', () => {
    const seen: number[] = [];
    const view = (n: number) => {
      seen.push(n);
      return 'x'.repeat(n);
    };
    const { items, nextCursor } = pages.of([1000, 1001, 1002, 1003, 1004], 5, keyOf, view);
    expect(items.map((item) => item.length)).toEqual([1000, 1001, 1002]);
    expect(nextCursor).toBe(writeCursor(1002));
    // Nothing is made that has no place.
    expect(seen).toEqual([1000, 1001, 1002, 1003]);
    expect(pages.of([9000, 1], 2, keyOf, view)).toEqual({ items: [view(9000)], nextCursor: writeCursor(9000) });
  });
});
