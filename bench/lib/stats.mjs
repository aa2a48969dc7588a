/** Figures from samples: medians, ratios, spread, and when a set of measurements cannot be trusted. */

/** The middle one, or the mean of the two in the middle. @param {readonly number[]} values */
export function median(values) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Nearest rank. @param {ArrayLike<number>} values @param {number} p 0 to 1 */
export function percentile(values, p) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
}

/** How far the greatest is from the smallest, as a part of the smallest. @param {readonly number[]} values */
export function spread(values) {
  const low = Math.min(...values);
  return low > 0 ? Math.max(...values) / low - 1 : Number.POSITIVE_INFINITY;
}

/** Two measurements of one reference agree when the greater is at most this much above the smaller. */
export const AGREEMENT = 0.15;

/**
 * Reference, product, reference, in sets: the product is compared with the mean of the two references around it. A set
 * whose references disagree is thrown away and measured again, at most `retries` times in all; if no set is left to
 * stand on, all of them count and the result says `trusted: false`.
 * @template S
 * @param {{ reference: () => Promise<S>, product: () => Promise<S>, gauge: (sample: S) => number, sets?: number,
 *   retries?: number, say?: (line: string) => void }} options gauge: the number by which references must agree
 * @returns {Promise<{ sets: { reference: [S, S], product: S }[], discarded: number, trusted: boolean }>}
 */
export async function interleave({ reference, product, gauge, sets = 3, retries = 3, say = () => {} }) {
  /** @type {{ reference: [S, S], product: S }[]} */
  const good = [];
  /** @type {{ reference: [S, S], product: S }[]} */
  const bad = [];
  let before = await reference();
  while (good.length < sets) {
    const measured = await product();
    const after = await reference();
    const set = { reference: /** @type {[S, S]} */ ([before, after]), product: measured };
    const off = spread([gauge(before), gauge(after)]);
    if (off <= AGREEMENT) good.push(set);
    else {
      bad.push(set);
      say(`the references differ by ${Math.round(off * 100)} %: set thrown away (${bad.length})`);
      if (bad.length > retries) break;
    }
    before = after;
  }
  const trusted = good.length > 0;
  return { sets: trusted ? good : bad, discarded: bad.length, trusted };
}

/**
 * The median over the sets of product / mean of its references, by a figure of the samples.
 * @template S
 * @param {readonly { reference: readonly [S, S], product: S }[]} sets @param {(sample: S) => number} figure
 */
export const ratio = (sets, figure) =>
  median(sets.map(({ reference: [a, b], product }) => figure(product) / ((figure(a) + figure(b)) / 2)));

/** @template S @param {readonly { reference: readonly S[], product: S }[]} sets @param {(sample: S) => number} figure */
export const medians = (sets, figure) => ({
  product: median(sets.map(({ product }) => figure(product))),
  reference: median(sets.flatMap(({ reference }) => reference.map(figure))),
});
