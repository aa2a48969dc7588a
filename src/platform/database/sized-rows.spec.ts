import { countWithin, rowsWithin } from './sized-rows';
import type { SqlExecutor, SqlValue } from './statements';

/** A table of rows of these lengths, and what was asked of it. */
function tableOf(lengths: number[]) {
  const asked: string[] = [];
  const executor = {
    rows: (text: string, values: SqlValue[] = []) => {
      asked.push(text);
      const limit = Number(values.at(-1));
      const columns = text.startsWith('SELECT LENGTH(text) AS bytes') ? 'bytes' : 'length';
      return Promise.resolve(lengths.slice(0, limit).map((length) => ({ [columns]: length })));
    },
  } as unknown as SqlExecutor;
  return { executor, asked };
}

const MB = 1024 * 1024;
const sized = { columns: 'length', range: 'FROM t WHERE a = ? ORDER BY id', values: [1], bytes: 'LENGTH(text)' };
const reading = (lengths: number[], limit: number, rowBytesMax: number) => {
  const { executor, asked } = tableOf(lengths);
  return rowsWithin<{ length: number }>(executor, { ...sized, rowBytesMax }, limit, 100).then(({ rows, cut }) => ({
    lengths: rows.map(({ length }) => length),
    cut,
    asked: asked.length,
  }));
};

describe('rows that may be long', () => {
  it('are read at once where all of them together are not', async () => {
    expect(await reading([60, 60, 60], 3, 1000)).toEqual({ lengths: [60, 60, 60], cut: false, asked: 1 });
  });

  it('are read as far as they fit, and the one beyond', async () => {
    expect(await reading([60, 60, 60, 60], 4, MB)).toEqual({ lengths: [60, 60], cut: true, asked: 2 });
    expect(await reading([60, 60], 4, MB)).toEqual({ lengths: [60, 60], cut: false, asked: 2 });
    expect(await reading([10, 10, 10], 4, MB)).toEqual({ lengths: [10, 10, 10], cut: false, asked: 2 });
    expect(await reading([900, 10], 4, MB)).toEqual({ lengths: [900], cut: true, asked: 2 });
  });

  it('may be none', async () => {
    expect(await reading([], 4, MB)).toEqual({ lengths: [], cut: false, asked: 1 });
  });

  it.each([
    [[], 0],
    [[100], 1],
    [[101], 1],
    [[50, 50, 1, 1], 3],
    [[50, 50], 2],
  ])('of lengths %j are %d', (lengths, count) => expect(countWithin(100, lengths)).toBe(count));
});
