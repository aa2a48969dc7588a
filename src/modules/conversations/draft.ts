import type { AppRef } from '../../kernel/caller';
import type { ConversationRef, Sender } from './audience';
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
}

export interface Appended {
  readonly message: StoredMessage;
  /** True when this clientMessageId had been stored before: nothing was written, and this is the stored message. */
  readonly duplicate: boolean;
  /** The outbox row that owes this message's delivery. Absent for a duplicate. */
  readonly outboxId?: number;
}

/** A draft with what the batch needs computed outside the transaction. */
export interface FingerprintedDraft extends Draft {
  readonly fingerprint: Buffer;
}
