import { Notification } from '@parse/node-apn';
import type { PushNote } from '../../provider';
import { collapseKey, fitted } from '../wrapping';

const BYTES_MAX = 4096;
const AT_ONCE = 10;

/** A note as Apple takes it. */
export function apnsNotification(wanted: PushNote, topic: string): Notification {
  const note = fitted(wanted, BYTES_MAX, (candidate) =>
    Buffer.byteLength(JSON.stringify(notificationOf(candidate, topic))),
  );
  return notificationOf(note, topic);
}

function notificationOf(note: PushNote, topic: string): Notification {
  const { id, title, body, badge, sound, expiresAt, data } = note;
  return new Notification({
    id,
    topic,
    pushType: 'alert',
    priority: AT_ONCE,
    collapseId: collapseKey(note),
    expiry: Math.floor(expiresAt.getTime() / 1000),
    alert: { ...(title !== undefined && { title }), body },
    // A service extension of the app may complete the notification (fetch the message, show an avatar).
    mutableContent: true,
    payload: { ...data },
    ...(badge !== undefined && { badge }),
    ...(sound !== undefined && { sound }),
    ...(data.conversationId !== undefined && { threadId: data.conversationId }),
  });
}
