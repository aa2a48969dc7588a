import { interleave, median, medians, percentile, ratio, spread } from './stats.mjs';

/** Gives these numbers in turn, and says how often it was asked. */
const script = (...values: number[]) => {
  let at = 0;
  return Object.assign(() => Promise.resolve(values[at++] ?? Number.NaN), { asked: () => at });
};
const itself = (value: number) => value;

describe('medians and percentiles', () => {
  it('are taken in the order of size, not of arrival', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(percentile([5, 1, 4, 2, 3], 0.99)).toBe(5);
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  });

  it('of nothing are no number', () => {
    expect(median([])).toBeNaN();
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('spread says how far apart two measurements of one thing are', () => {
    expect(spread([100, 115])).toBeCloseTo(0.15);
    expect(spread([0, 1])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('reference, product, reference', () => {
  it('compares each product with the two references around it, and shares the one between two sets', async () => {
    const reference = script(100, 110, 100, 90);
    const product = script(52.5, 21, 47.5);
    const { sets, discarded, trusted } = await interleave({ reference, product, gauge: itself });
    expect(sets).toEqual([
      { reference: [100, 110], product: 52.5 },
      { reference: [110, 100], product: 21 },
      { reference: [100, 90], product: 47.5 },
    ]);
    expect({ discarded, trusted, asked: reference.asked() }).toEqual({ discarded: 0, trusted: true, asked: 4 });
    expect(ratio(sets, itself)).toBeCloseTo(0.5);
    expect(medians(sets, itself)).toEqual({ product: 47.5, reference: 100 });
  });

  it('throws a set away whose references disagree, measures it again, and reports it', async () => {
    const said: string[] = [];
    const options = { gauge: itself, sets: 1, say: (line: string) => said.push(line) };
    const result = await interleave({ ...options, reference: script(100, 200, 205), product: script(7, 50) });
    expect(result).toEqual({ sets: [{ reference: [200, 205], product: 50 }], discarded: 1, trusted: true });
    expect(said).toHaveLength(1);
  });

  it('gives up after three retries and says that the figure cannot be trusted', async () => {
    const reference = script(1, 2, 4, 8, 16, 32);
    const result = await interleave({ reference, product: script(1, 1, 1, 1, 1), gauge: itself, sets: 2 });
    expect(result).toMatchObject({ discarded: 4, trusted: false });
    expect(result.sets).toHaveLength(4);
  });
});
