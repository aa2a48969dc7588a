export interface MeasuredSet<S> {
  reference: [S, S];
  product: S;
}
export const AGREEMENT: number;
export function median(values: readonly number[]): number;
export function percentile(values: ArrayLike<number>, p: number): number;
export function spread(values: readonly number[]): number;
export function interleave<S>(options: {
  reference: () => Promise<S>;
  product: () => Promise<S>;
  gauge: (sample: S) => number;
  sets?: number;
  retries?: number;
  say?: (line: string) => void;
}): Promise<{ sets: MeasuredSet<S>[]; discarded: number; trusted: boolean }>;
export function ratio<S>(sets: readonly MeasuredSet<S>[], figure: (sample: S) => number): number;
export function medians<S>(
  sets: readonly MeasuredSet<S>[],
  figure: (sample: S) => number,
): { product: number; reference: number };
