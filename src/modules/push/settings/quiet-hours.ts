import { LRUCache } from 'lru-cache';

/** From and to as `HH:MM` on the wall clock of a place; past midnight where `from` is the later one. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
  /** IANA, or an offset as `+05:30`. Absent: the time zone of the device that was bound last, else UTC. */
  readonly timeZone?: string;
}

/** The time of the day at a place. */
interface Clock {
  format(now: Date): string;
}

/** Making a formatter costs as much as a hundred uses of it; few deployments see more zones than these. */
const clocks = new LRUCache<string, Clock>({ max: 500 });
const OFFSET = /^([+-])(\d\d):(\d\d)$/;

function clockOf(timeZone: string): Clock {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock =
    offsetClock(timeZone) ??
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  clocks.set(timeZone, clock);
  return clock;
}

/** Node 20 knows no zone by its offset. */
function offsetClock(timeZone: string): Clock | undefined {
  const [, sign, hours, minutes] = OFFSET.exec(timeZone) ?? [];
  if (sign === undefined) return undefined;
  const ms = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return { format: (now) => new Date(now.getTime() + ms).toISOString().slice(11, 16) };
}

/** Whether this server knows the time zone. */
export function isTimeZone(timeZone: string): boolean {
  try {
    clockOf(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Whether it is quiet now: `from` is inside, `to` is not. What counts is the wall clock, so an hour that a change of
 * clocks leaves out is not waited for, and one that it repeats is quiet twice.
 */
export function isQuiet({ from, to, timeZone }: QuietHours, now: Date, zoneOfDevice?: string): boolean {
  const zone = [timeZone, zoneOfDevice].find((each) => each !== undefined && isTimeZone(each)) ?? 'UTC';
  const wall = clockOf(zone).format(now);
  return from <= to ? from <= wall && wall < to : from <= wall || wall < to;
}
