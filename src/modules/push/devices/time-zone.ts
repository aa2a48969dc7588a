import { isTimeZone } from '../settings/quiet-hours';
import { WINDOWS_ZONES } from './windows-zones';

const LENGTH_MAX = 100;
/** `GMT+08:00`, `UTC+8`, `GMT-0330`, `+08:00`; also at the beginning of Windows' `(UTC+08:00) Beijing, Chongqing …`. */
const OFFSET = /^\(?(?:GMT|UTC)?\s?([+\-−])(\d{1,2})(?::?([0-5]\d))?(?:\).*)?$/i;
const HOURS_MAX = 14;
/** iOS describes a zone as `Asia/Shanghai (current)`. */
const REMARK = / \([^)]*\)*$/;
/** Chinese makers' systems name it so; it is no zone of the database. */
const BEIJING = /^(asia\/beijing|prc)$/i;

/**
 * A time zone as phones and systems name it: by its current or former IANA name (`Asia/Calcutta`), as an offset (Android's
 * `GMT+08:00`, `UTC+8`), or as Windows does (`China Standard Time`).
 *
 * @returns an IANA name, or an offset as `+05:30`; undefined where nobody knows it (`Etc/Unknown`)
 */
export function timeZoneOf(text: string): string | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  const name = text.trim().replace(/^:/, '');
  const offset = OFFSET.exec(name);
  if (offset) return offsetOf(offset);
  const plain = name.replace(REMARK, '');
  if (BEIJING.test(plain)) return 'Asia/Shanghai';
  return isTimeZone(plain) ? plain : WINDOWS_ZONES.get(plain.toLowerCase());
}

function offsetOf([, sign, hours = '', minutes = '00']: RegExpExecArray): string | undefined {
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour * 60 + minute > HOURS_MAX * 60) return undefined;
  if (hour === 0 && minute === 0) return 'UTC';
  return `${sign === '+' ? '+' : '-'}${hours.padStart(2, '0')}:${minutes}`;
}
