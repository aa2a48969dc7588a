import { Injectable } from '@nestjs/common';
import { AppError } from '../../../kernel/errors/app-error';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { ConversationDirectory } from '../directory';
import { type Appended, type Draft, fingerprintOf, haveSameRecipients, saysTheSame } from './draft';
import { MESSAGE_COLUMNS, type MessageColumns, readMessage, readRecipients } from './message-row';
import type { MessageRow } from './message.entity';

/** A row that was stored under a repeated clientMessageId. */
export type StoredRow = MessageColumns & Pick<MessageRow, 'appPk' | 'fingerprint'>;

/** What keeps two sends apart: `app:sender:clientMessageId`. */
type Identity = readonly [appPk: number, senderPk: number, clientMessageId: string];
type Identified = Pick<Draft, 'app' | 'sender' | 'clientMessageId'>;

export const identityOf = ({ app, sender, clientMessageId }: Identified): Identity => [
  app.pk,
  sender?.userPk ?? 0,
  clientMessageId,
];

/** Those under which the same caller may have stored it while another user held its sender's id. */
export const formerIdentitiesOf = ({ app, sender, clientMessageId }: Identified): Identity[] =>
  (sender?.formerPks ?? []).map((userPk) => [app.pk, userPk, clientMessageId]);

/** A send that came no further than a refusal, so its conversation and its recipients are known by their ids alone. */
export interface RefusedSend extends Pick<Draft, 'app' | 'clientMessageId' | 'type' | 'body' | 'ext'> {
  /** Every user who has held the sender's id; 0 for the app itself. */
  readonly senderPks: readonly number[];
  readonly from: string | null;
  readonly conversationId: string;
  readonly recipients?: readonly string[];
}

/** What is stored already under the id of a send. */
@Injectable()
export class Repeats {
  constructor(
    private readonly sql: Sql,
    private readonly directory: ConversationDirectory,
  ) {}

  /** By `identityOf`, joined by colons. */
  async stored(tx: SqlExecutor, identities: readonly Identity[]): Promise<ReadonlyMap<string, StoredRow>> {
    if (identities.length === 0) return new Map();
    const rows = await tx.rows<StoredRow>(FIND, [identities.map((identity) => [...identity])]);
    return new Map(rows.map((row) => [`${row.appPk}:${row.senderPk}:${row.clientMessageId}`, row]));
  }

  /**
   * The answer to a repeat that would be refused now: the message that was stored, whatever was decided about its sender,
   * its conversation or its size since. Undefined for what was never stored.
   *
   * @throws AppError IDEMPOTENCY_MISMATCH where the stored message says something else
   */
  async of(send: RefusedSend): Promise<Appended | undefined> {
    const { app, senderPks, clientMessageId, from } = send;
    const rows = await this.stored(
      this.sql,
      senderPks.map((senderPk) => [app.pk, senderPk, clientMessageId] as const),
    );
    const conversations = await this.directory.byPks([...rows.values()].map(({ conversationPk }) => conversationPk));
    let known = false;
    for (const row of rows.values()) {
      const conversation = conversations.get(row.conversationPk);
      if (!conversation) continue;
      known = true;
      const recipients = row.recipients === null ? null : readRecipients(row.recipients);
      const same =
        conversation.conversationId === send.conversationId &&
        areThese([...(recipients?.values() ?? [])], send.recipients ?? []) &&
        isStoredAs({ ...send, sender: null, counts: false, conversation, recipients }, row);
      if (same) return { message: readMessage(row, conversation, from), duplicate: true };
    }
    if (known) throw mismatch();
    return undefined;
  }
}

/** Whether this is what was sent first under the row's id. */
export function isStoredAs(draft: Draft, row: StoredRow): boolean {
  const recipients = row.recipients === null ? null : readRecipients(row.recipients);
  if (row.fingerprint) {
    return haveSameRecipients(draft, { recipients }) && row.fingerprint.equals(fingerprintOf({ ...draft, recipients }));
  }
  const { type, body, ext } = row;
  return row.conversationPk === draft.conversation.pk && saysTheSame(draft, { type, body, ext, recipients });
}

export const mismatch = (): AppError => new AppError('IDEMPOTENCY_MISMATCH', { field: 'clientMessageId' });

const areThese = (some: readonly string[], others: readonly string[]): boolean => {
  const set = new Set(others);
  return some.length === set.size && some.every((each) => set.has(each));
};

const FIND = `SELECT ${MESSAGE_COLUMNS}, appPk, fingerprint FROM messages
  WHERE (appPk, senderPk, clientMessageId) IN (?)`;
