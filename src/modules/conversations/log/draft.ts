import { createHash } from 'node:crypto';
import type { AppRef } from '../../../kernel/caller';
import type { Mentions, PushOption } from '../../../kernel/contracts/message';
import type { ConversationRef, Recipients, Sender } from '../audience';
import type { Owed } from '../../../platform/queues/outbox';
import { canonicalJson } from './canonical-json';
import type { StoredMessage } from './message';

/** A message on its way into the log, checked by the use case. */
export interface Draft {
  readonly app: AppRef;
  readonly conversation: ConversationRef;
  /** Null: a notice of the app itself. */
  readonly sender: Sender | null;
  readonly clientMessageId: string;
  readonly type: string;
  /** JSON texts. */
  readonly body: string;
  readonly ext: string | null;
  /** Whether it adds to the unread of those who did not send it. */
  readonly counts: boolean;
  /** Only these members of a group may see it; everybody when absent. */
  readonly recipients?: Recipients | null;
  readonly mentions?: Mentions | null;
  /** What its push says, or that there is none. */
  readonly push?: PushOption;
}

export interface Appended {
  readonly message: StoredMessage;
  /** True when this clientMessageId had been stored before: nothing was written, and this is the stored message. */
  readonly duplicate: boolean;
  /** The outbox row that owes this message's delivery. Absent for a duplicate, and in a room. */
  readonly owed?: Owed;
  /** The conversation's as it was under the lock. Absent for a duplicate. */
  readonly memberVersion?: number;
}

/** What of a message tells a retry from another message under the same id, besides its conversation. */
type Said = Pick<Draft, 'type' | 'body' | 'ext' | 'recipients'>;

/** Whether two messages to one conversation say the same to the same people. Of their JSON the value counts, not the text. */
export const saysTheSame = (a: Said, b: Said): boolean =>
  a.type === b.type && isSameJson(a.body, b.body) && isSameJson(a.ext, b.ext) && haveSameRecipients(a, b);

/** By their ids, as the sender named them: one who was re-created since has another key. */
export function haveSameRecipients(a: Pick<Said, 'recipients'>, b: Pick<Said, 'recipients'>): boolean {
  if (!a.recipients || !b.recipients) return !a.recipients && !b.recipients;
  const ids = new Set(b.recipients.values());
  return a.recipients.size === ids.size && [...a.recipients.values()].every((userId) => ids.has(userId));
}

const isSameJson = (a: string | null, b: string | null): boolean =>
  a === b || (a !== null && b !== null && canonicalJson(a) === canonicalJson(b));

/** The same in 16 bytes, for a row that does not say any more what was sent. */
export function fingerprintOf(draft: Draft): Buffer {
  const body = canonicalJson(draft.body);
  const ext = draft.ext === null ? '' : canonicalJson(draft.ext);
  const hash = createHash('sha256').update(`${draft.conversation.pk}\n${draft.type}\n${body.length}\n${body}\n${ext}`);
  if (draft.recipients) hash.update(`\n${[...draft.recipients.keys()].sort((a, b) => a - b).join(',')}`);
  return hash.digest().subarray(0, 16);
}
