import { RowCache } from './row-cache';

interface Thing {
  version: number;
}

/** Loads that answer when told to, so that a test decides what happens in between. */
function slowStore() {
  const asked: { pk: number; answer: (row: Thing | undefined) => void; fail: (error: Error) => void }[] = [];
  const load = (pk: number) =>
    new Promise<Thing | undefined>((answer, fail) => {
      asked.push({ pk, answer, fail });
    });
  return { asked, load };
}

describe('a row cache', () => {
  it('reads a row once for all who ask at the same time, and not again while it is fresh', async () => {
    const { asked, load } = slowStore();
    const cache = new RowCache<Thing>({ load, max: 10, counts: () => true });
    const both = [cache.get(1), cache.get(1)];
    asked[0]?.answer({ version: 1 });
    expect(await Promise.all(both)).toEqual([{ version: 1 }, { version: 1 }]);
    expect(await cache.get(1)).toEqual({ version: 1 });
    expect(asked).toHaveLength(1);
  });

  it('never keeps a row that was being read when it was dropped', async () => {
    const { asked, load } = slowStore();
    const cache = new RowCache<Thing>({ load, max: 10, counts: () => true });
    const early = cache.get(1);
    cache.drop(1);
    const late = cache.get(1);
    asked[1]?.answer({ version: 2 });
    expect(await late).toEqual({ version: 2 });
    asked[0]?.answer({ version: 1 });
    await early;
    expect(await cache.get(1)).toEqual({ version: 2 });
  });

  it('asks again after a failure and after an absence', async () => {
    const { asked, load } = slowStore();
    const cache = new RowCache<Thing>({ load, max: 10, counts: () => true });
    const failing = cache.get(1);
    asked[0]?.fail(new Error('the database is away'));
    await expect(failing).rejects.toThrow('away');
    const absent = cache.get(1);
    asked[1]?.answer(undefined);
    expect(await absent).toBeUndefined();
    const found = cache.get(1);
    asked[2]?.answer({ version: 1 });
    expect(await found).toEqual({ version: 1 });
  });

  it('keeps the object it had when a row turns out not to have changed', async () => {
    let version = 1;
    const cache = new RowCache<Thing>({
      load: () => Promise.resolve({ version }),
      max: 10,
      counts: () => false,
      same: (before, now) => before.version === now.version,
    });
    const first = await cache.get(1);
    expect(await cache.get(1)).toBe(first);
    version = 2;
    expect(await cache.get(1)).toEqual({ version: 2 });
  });
});
