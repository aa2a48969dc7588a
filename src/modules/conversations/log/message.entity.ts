import { Column, Entity, Index } from 'typeorm';
import { appPk, ascii, instant, jsonText, pk, uint } from '../../../platform/database/columns';

/** One line of a conversation's log, clustered by (conversation, seq), so that a page of history is one range. */
@Entity('messages')
@Index('once_per_sender', ['appPk', 'senderPk', 'clientMessageId'], { unique: true })
export class MessageRow {
  @Column(pk({ primary: true })) conversationPk!: number;
  @Column(uint({ primary: true })) seq!: number;
  @Column(appPk()) appPk!: number;
  /** 0: a notice of the app itself. */
  @Column(pk()) senderPk!: number;
  @Column(ascii(36)) clientMessageId!: string;
  /**
   * What was sent, as 128 bits of SHA-256 (`fingerprintOf`), once the row no longer says it: a retry must not pass for
   * another message under the same id. Whoever changes what a message says sets it before; empty until then.
   */
  @Column({ type: 'binary', length: 16, nullable: true }) fingerprint!: Buffer | null;
  @Column(ascii(32)) type!: string;
  @Column(jsonText()) body!: string;
  @Column(jsonText({ nullable: true })) ext!: string | null;
  /** Who alone may see it: JSON `{"<user pk>": "<user id>"}`. Empty for nearly all: everybody in its window. */
  @Column(jsonText({ nullable: true })) recipients!: string | null;
  /** Whom it names, JSON as it is sent on. */
  @Column(jsonText({ nullable: true })) mentions!: string | null;
  /** What its push says, or `false` for none: JSON as it was sent. */
  @Column(jsonText({ nullable: true })) push!: string | null;
  /**
   * The conversation's counters after this message (see ConversationRow). kind group: lowCount is 1 where the message
   * counts as unread for somebody, else 0.
   */
  @Column(uint()) countSeq!: number;
  @Column(uint({ default: 0 })) lowCount!: number;
  @Column(instant()) sentAt!: Date;
  @Column({ type: 'smallint', unsigned: true, default: 0 }) revision!: number;
  @Column(instant({ nullable: true })) recalledAt!: Date | null;
}
