import type { PushNote, PushTarget } from '../../provider';
import { collapseKey, fitted, secondsLeft } from '../wrapping';

const BYTES_MAX = 4096;
/** FCM keeps these names of `data` for itself and refuses the whole message for one of them. */
const RESERVED = /^(from|message_type|collapse_key|notification|google.*|gcm.*)$/i;

/** A note as HTTP v1 takes it, for Android, and for Apple devices that registered through Firebase. */
export function fcmMessage({ token }: PushTarget, wanted: PushNote): object {
  const note = fitted(wanted, BYTES_MAX, (candidate) => Buffer.byteLength(JSON.stringify(messageOf(token, candidate))));
  return messageOf(token, note);
}

function messageOf(token: string, note: PushNote): object {
  if (note.silent) return silentOf(token, note);
  const { title, body, badge, sound, data } = note;
  const collapse = collapseKey(note);
  return {
    message: {
      token,
      notification: { ...(title !== undefined && { title }), body },
      data: Object.fromEntries(Object.entries(data).filter(([name]) => !RESERVED.test(name))),
      android: {
        collapse_key: collapse,
        priority: 'HIGH',
        ttl: `${secondsLeft(note)}s`,
        notification: {
          tag: collapse,
          ...(sound !== undefined && { sound }),
          ...(badge !== undefined && { notification_count: badge }),
        },
      },
      apns: {
        headers: {
          'apns-collapse-id': collapse,
          'apns-priority': '10',
          'apns-expiration': String(Math.floor(note.expiresAt.getTime() / 1000)),
        },
        payload: {
          aps: {
            'mutable-content': 1,
            ...(sound !== undefined && { sound }),
            ...(badge !== undefined && { badge }),
            ...(data.conversationId !== undefined && { 'thread-id': data.conversationId }),
          },
        },
      },
    },
  };
}

/** A message of data alone: Android hands it to the app, which sets its badge; Apple's devices set it by themselves. */
function silentOf(token: string, note: PushNote): object {
  const collapse = collapseKey(note);
  return {
    message: {
      token,
      data: note.data,
      android: { collapse_key: collapse, priority: 'NORMAL', ttl: `${secondsLeft(note)}s` },
      apns: {
        headers: {
          'apns-push-type': 'alert',
          'apns-collapse-id': collapse,
          'apns-priority': '5',
          'apns-expiration': String(Math.floor(note.expiresAt.getTime() / 1000)),
        },
        payload: { aps: { badge: note.badge } },
      },
    },
  };
}
