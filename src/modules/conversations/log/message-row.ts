import type { Mentions, PushOption } from '../../../kernel/contracts/message';
import type { RowValue } from '../../../platform/database/rows-text';
import type { ConversationRef, Recipients } from '../audience';
import type { Draft } from './draft';
import { type SayableMessage, sqlTime, type StoredMessage } from './message';
import type { MessageRow } from './message.entity';

/** What is read of a row wherever a message is read. A new stored field has its places in this file. */
const COLUMNS = [
  'conversationPk',
  'seq',
  'senderPk',
  'clientMessageId',
  'type',
  'body',
  'ext',
  'recipients',
  'mentions',
  'push',
  'sentAt',
  'revision',
  'recalledAt',
] as const satisfies readonly (keyof MessageRow)[];

export type MessageColumns = Pick<MessageRow, (typeof COLUMNS)[number]>;
export const MESSAGE_COLUMNS = COLUMNS.join(', ');

/** @param from the sender's user id; null for the app itself, and where nobody knows it any more */
export function readMessage(row: MessageColumns, conversation: ConversationRef, from: string | null): StoredMessage {
  const { seq, senderPk, clientMessageId, type, body, ext, recipients, mentions, push } = row;
  return {
    conversation,
    seq,
    id: messageId(conversation, seq),
    senderPk,
    from,
    clientMessageId,
    type,
    body,
    ext,
    recipients: recipients === null ? undefined : readRecipients(recipients),
    mentions: mentions === null ? undefined : (JSON.parse(mentions) as Mentions),
    push: push === null ? undefined : (JSON.parse(push) as PushOption),
    sentAt: row.sentAt.getTime(),
    revision: row.revision,
    recalledAt: row.recalledAt?.getTime() ?? null,
    text: undefined,
  };
}

/** The message that a draft becomes at its place in the log, or without one where it is not stored. */
export function newMessage<Seq extends number | undefined>(
  draft: Draft,
  seq: Seq,
  id: string,
  sentAt: number,
): SayableMessage & { readonly seq: Seq } {
  const { conversation, sender, recipients, mentions } = draft;
  return {
    conversation,
    seq,
    id,
    senderPk: sender?.userPk ?? 0,
    from: sender?.userId ?? null,
    clientMessageId: draft.clientMessageId,
    type: draft.type,
    body: draft.body,
    ext: draft.ext,
    recipients: recipients ?? undefined,
    mentions: mentions ?? undefined,
    push: draft.push,
    sentAt,
    revision: 0,
    recalledAt: null,
    text: undefined,
  };
}

/** Columns that are empty in most messages: a batch without them does not name them, for the database pays by the word. */
const SELDOM = ['ext', 'recipients', 'mentions', 'push'] as const satisfies readonly (keyof MessageRow)[];
const ALWAYS = [
  'conversationPk',
  'seq',
  'appPk',
  'senderPk',
  'clientMessageId',
  'type',
  'body',
  'countSeq',
  'lowCount',
  'sentAt',
] as const satisfies readonly (keyof MessageRow)[];

/** A new row's values; `always` in the order of its columns. */
export interface RowValues {
  always: RowValue[];
  seldom: Record<(typeof SELDOM)[number], string | null>;
}

/** @param counters the conversation's after this message */
export function writeMessage(
  message: StoredMessage,
  appPk: number,
  { countSeq, lowCount }: { countSeq: number; lowCount: number },
): RowValues {
  const { conversation, seq, senderPk, clientMessageId, type, body, ext, recipients, mentions, push } = message;
  return {
    always: [
      conversation.pk,
      seq,
      appPk,
      senderPk,
      clientMessageId,
      type,
      body,
      countSeq,
      lowCount,
      sqlTime(message.sentAt),
    ],
    seldom: {
      ext,
      recipients: recipients ? JSON.stringify(Object.fromEntries(recipients)) : null,
      mentions: mentions ? JSON.stringify(mentions) : null,
      push: push === undefined ? null : JSON.stringify(push),
    },
  };
}

/** The columns that these rows fill and their values, as an INSERT takes them. */
export function insertion(rows: readonly RowValues[]): { columns: string; values: RowValue[][] } {
  const given = SELDOM.filter((column) => rows.some(({ seldom }) => seldom[column] !== null));
  if (given.length > 0) for (const { always, seldom } of rows) always.push(...given.map((column) => seldom[column]));
  return { columns: [...ALWAYS, ...given].join(', '), values: rows.map(({ always }) => always) };
}

/** JSON `{"<user pk>": "<user id>"}`. */
export const readRecipients = (text: string): Recipients =>
  new Map(Object.entries(JSON.parse(text) as Record<string, string>).map(([pk, userId]) => [Number(pk), userId]));

export const messageId = ({ idPrefix }: ConversationRef, seq: number): string => idPrefix + seq.toString(36);
