/** p50, p99 and the number of what was measured; milliseconds. */
export interface Figures {
  p50: number;
  p99: number;
  count: number;
}

export function figuresOf(samples: readonly number[]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}
