import type { PushNote } from '../../provider';
import { collapseKey, fitted } from '../wrapping';

const BYTES_MAX = 4096;
const AT_ONCE = '10';
/** For what nobody waits for: it may come when the device wakes anyway. */
const AT_LEISURE = '5';

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
      'apns-priority': note.silent ? AT_LEISURE : AT_ONCE,
      'apns-collapse-id': collapseKey(note),
      'apns-expiration': String(Math.max(0, Math.floor(note.expiresAt.getTime() / 1000))),
    },
    body: fittedBody(note),
  };
}

function fittedBody(note: PushNote): string {
  let body = '';
  const bytesOf = (candidate: PushNote): number => Buffer.byteLength((body = bodyOf(candidate)));
  const sent = fitted(note, BYTES_MAX, bytesOf);
  // Nearly every note fits as it is, and its body was written to find that out.
  return sent === note ? body : bodyOf(sent);
}

/** What is undefined is not written. `aps` comes last, so that no data of a message can pass for it. */
function bodyOf({ silent, title, body, badge, sound, data }: PushNote): string {
  // An alert that is a badge and nothing else shows nothing. Apple counts and holds back background pushes, not these.
  if (silent) return JSON.stringify({ aps: { badge } });
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
