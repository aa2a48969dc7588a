/** Nobody is believed who asks for more patience than this. */
const PATIENCE_MAX_MS = 24 * 3_600_000;

/** A `Retry-After` header, seconds or a date, as milliseconds from now; undefined when it says nothing. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), PATIENCE_MAX_MS);
}
