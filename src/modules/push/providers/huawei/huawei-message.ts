import { createHash } from 'node:crypto';
import type { PushNote, PushTarget } from '../../provider';
import { collapseKey, fitted, secondsLeft } from '../wrapping';

const BYTES_MAX = 4096;
const OPENS_THE_APP = { type: 3 };
/** Huawei keeps a notification for 15 days at most. */
const TTL_MAX_SECONDS = 15 * 86_400;

/** A note as Push Kit takes it. */
export function huaweiMessage({ token }: PushTarget, wanted: PushNote, badgeClass?: string): object {
  const made = (note: PushNote): object => messageOf(token, note, badgeClass);
  return made(fitted(wanted, BYTES_MAX, (candidate) => Buffer.byteLength(JSON.stringify(made(candidate)))));
}

function messageOf(token: string, note: PushNote, badgeClass: string | undefined): object {
  if (note.silent) return silentOf(token, note);
  const { title, body, badge, sound, data } = note;
  const collapse = collapseKey(note);
  return {
    validate_only: false,
    message: {
      token: [token],
      data: JSON.stringify(data),
      android: {
        ttl: `${Math.min(secondsLeft(note), TTL_MAX_SECONDS)}s`,
        urgency: 'HIGH',
        // A message of people to people: Huawei limits other kinds to a few a day.
        category: 'IM',
        notification: {
          // There is no notification without a title.
          title: title ?? body,
          body,
          click_action: OPENS_THE_APP,
          // A later notification takes the place of an earlier one where both are the same.
          tag: collapse,
          notify_id: numberOf(collapse),
          ...(sound !== undefined && (sound === 'default' ? { default_sound: true } : { sound })),
          ...(badge !== undefined && badgeClass !== undefined && { badge: { set_num: badge, class: badgeClass } }),
        },
      },
    },
  };
}

/** A message of data alone, which is handed to the app: it sets its badge itself. */
const silentOf = (token: string, note: PushNote): object => ({
  validate_only: false,
  message: {
    token: [token],
    data: JSON.stringify(note.data),
    android: { ttl: `${Math.min(secondsLeft(note), TTL_MAX_SECONDS)}s`, urgency: 'NORMAL' },
  },
});

/** The same number for the same key, as large as a Java int may be. */
const numberOf = (key: string): number => createHash('sha256').update(key).digest().readUInt32BE(0) >>> 1;
