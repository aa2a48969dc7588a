import type { PushNote } from '../../provider';
import { collapseKey, fitted } from '../wrapping';

const BYTES_MAX = 4096;
const AT_ONCE = '10';

/** A note as Apple takes it. */
export interface ApnsNotification {
  readonly headers: Readonly<Record<`apns-${string}`, string>>;
  /** JSON. */
  readonly body: string;
}

/** Everything but who sends it and to which device. */
export function apnsNotification(note: PushNote, topic: string): ApnsNotification {
  return {
    headers: {
      'apns-id': note.id,
      'apns-topic': topic,
      'apns-push-type': 'alert',
      'apns-priority': AT_ONCE,
      'apns-collapse-id': collapseKey(note),
      'apns-expiration': String(Math.max(0, Math.floor(note.expiresAt.getTime() / 1000))),
    },
    body: bodyOf(fitted(note, BYTES_MAX, (cut) => Buffer.byteLength(bodyOf(cut)))),
  };
}

/** What is undefined is not written. `aps` comes last, so that no data of a message can pass for it. */
function bodyOf({ title, body, badge, sound, data }: PushNote): string {
  const aps = {
    alert: { title, body },
    badge,
    sound,
    // A service extension of the app may complete the notification (fetch the message, show an avatar).
    'mutable-content': 1,
    'thread-id': data.conversationId,
  };
  return JSON.stringify(Object.assign({}, data, { aps }));
}
