const FOR_EVER_YEAR = 9999;

/** The end of something that ends in the year 9999 when it has no end: ISO 8601, or null for ever. */
export const untilOf = (time: Date | null): string | null =>
  !time || time.getUTCFullYear() === FOR_EVER_YEAR ? null : time.toISOString();
