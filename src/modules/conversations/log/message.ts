import type { Address } from '../../../kernel/contracts/address';
import { HIDDEN_TYPE, type Mentions, type PushOption, type WireMessage } from '../../../kernel/contracts/message';
import { JsonText } from '../../../kernel/json-text';
import type { ConversationRef, Recipients } from '../audience';

/** A message of the log. `body` and `ext` are the JSON texts that are stored and sent on as they are. */
export interface StoredMessage {
  readonly conversation: ConversationRef;
  readonly seq: number;
  readonly id: string;
  readonly senderPk: number;
  /** Null: a notice of the app itself. */
  readonly from: string | null;
  readonly clientMessageId: string;
  readonly type: string;
  readonly body: string;
  readonly ext: string | null;
  /** Who alone may see it. Absent: everybody in its window. */
  readonly recipients?: Recipients;
  readonly mentions?: Mentions;
  /** What its push says; nobody who reads the log is told. */
  readonly push?: PushOption;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly sentAt: number;
  readonly revision: number;
  readonly recalledAt: number | null;
  /** Its JSON text, once `encodeMessage` has written it. */
  text?: string;
}

/** A message that is heard now; without a seq: one that is in no log. */
export type SayableMessage = Omit<StoredMessage, 'seq'> & { readonly seq?: number };

/** The address that an observer sees: the other side of the sender, or the group, room or user written to. */
function addressOf(conversation: ConversationRef, from: string | null): Address {
  const { kind, conversationId } = conversation;
  if (kind !== 'user') return { kind: kind === 'system' ? 'user' : kind, id: conversationId.slice(kind.length + 1) };
  const middle = conversationId.indexOf(':', kind.length + 1);
  const first = conversationId.slice(kind.length + 1, middle);
  return { kind, id: first === from ? conversationId.slice(middle + 1) : first };
}

/**
 * The JSON text of a message, made once for every socket and every reply. Written by hand because body and ext are JSON
 * texts already, which are sent on as they came. Ids are ASCII without quotes (kernel/ids.ts), so they need no escaping.
 */
export function encodeMessage(message: SayableMessage): string {
  const ext = message.ext === null ? '' : `,"ext":${message.ext}`;
  return (message.text ??= `${headOf(message)},"body":${message.body}${ext}${tailOf(message)}}`);
}

/** The same without body and ext, for a sender who has them. */
export function encodeAck(message: SayableMessage, duplicate: boolean, online?: boolean): string {
  const stored = duplicate ? ',"duplicate":true' : '';
  const heard = online === undefined ? '' : `,"online":${online}`;
  return `${headOf(message)}${tailOf(message)}${stored}${heard}}`;
}

function headOf(message: SayableMessage): string {
  const { kind, id } = addressOf(message.conversation, message.from);
  const seq = message.seq === undefined ? '' : `,"seq":${message.seq}`;
  const from = message.from === null ? 'null' : `"${message.from}"`;
  return (
    `{"id":"${message.id}","conversationId":"${message.conversation.conversationId}"${seq},` +
    `"from":${from},"to":{"kind":"${kind}","id":"${id}"},"clientMessageId":"${message.clientMessageId}","type":"${message.type}"`
  );
}

function tailOf({ mentions, recipients, sentAt, revision, recalledAt }: SayableMessage): string {
  const named = mentions ? `,"mentions":${JSON.stringify(mentions)}` : '';
  const directed = recipients ? `,"recipients":${JSON.stringify([...recipients.values()])}` : '';
  const recalled = recalledAt === null ? '' : `,"recalledAt":"${isoTime(recalledAt)}"`;
  return `${named}${directed},"sentAt":"${isoTime(sentAt)}","revision":${revision}${recalled}`;
}

/** The same as an object, whose body and ext are JsonTexts. */
export function presentMessage(message: SayableMessage): WireMessage {
  return {
    id: message.id,
    conversationId: message.conversation.conversationId,
    ...(message.seq !== undefined && { seq: message.seq }),
    from: message.from,
    to: addressOf(message.conversation, message.from),
    clientMessageId: message.clientMessageId,
    type: message.type,
    body: new JsonText(message.body),
    ...(message.ext !== null && { ext: new JsonText(message.ext) }),
    ...(message.mentions && { mentions: message.mentions }),
    ...(message.recipients && { recipients: [...message.recipients.values()] }),
    sentAt: isoTime(message.sentAt),
    revision: message.revision,
    ...(message.recalledAt !== null && { recalledAt: isoTime(message.recalledAt) }),
  };
}

/** Whether this user may see what a message says: always, unless it was directed to others. */
export const maySee = ({ recipients, senderPk }: StoredMessage, userPk: number): boolean =>
  !recipients || senderPk === userPk || recipients.has(userPk);

const VEILED_ID = '-'.repeat(16);

/**
 * A directed message as everybody else sees it: its place in the log and nothing more, so that nobody finds a hole
 * there (docs/adr/0011).
 */
export function veiled(message: StoredMessage): StoredMessage {
  const { conversation, seq, id, sentAt } = message;
  const nothing = { senderPk: 0, from: null, clientMessageId: VEILED_ID, type: HIDDEN_TYPE, body: '{}', ext: null };
  return { conversation, seq, id, sentAt, revision: 0, recalledAt: null, ...nothing };
}

/** The message as this user sees it. */
export const seenBy = (message: StoredMessage, userPk: number): StoredMessage =>
  maySee(message, userPk) ? message : veiled(message);

let lastMs = NaN;
let lastIso = '';
/** Most messages of a batch share their millisecond, and formatting a date costs as much as the rest of a message. */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastIso = new Date(ms).toISOString();
  }
  return lastIso;
}

/** `2026-11-21 03:00:00.000`, as DATETIME(3) takes it. */
export const sqlTime = (ms: number): string => isoTime(ms).slice(0, 23).replace('T', ' ');
