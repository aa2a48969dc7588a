import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, created, instant, pk, uint } from '../../platform/database/columns';

/** A conversation and the head of its log. Its row is the one lock that sends and membership changes take. */
@Entity('conversations')
@Index('one_per_target', ['appPk', 'kind', 'lowPk', 'highPk'], { unique: true })
export class ConversationRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  /** KIND_CODES: 1 user, 2 group, 3 chatroom, 4 system. */
  @Column({ type: 'tinyint', unsigned: true }) kind!: number;
  /** user: the two users' pks, the smaller first unless one was re-created since; other kinds: the target's pk, and 0. */
  @Column(pk()) lowPk!: number;
  @Column(pk({ default: 0 })) highPk!: number;
  /** First seq that the one and the other side may read: above what was said to a predecessor, an earlier user of the same id. */
  @Column(uint({ default: 1 })) lowFrom!: number;
  @Column(uint({ default: 1 })) highFrom!: number;
  /** Seq of the last message; 0 for none. */
  @Column(uint({ default: 0 })) maxSeq!: number;
  /** Lowest seq kept (retention raises it). */
  @Column(uint({ default: 1 })) minSeq!: number;
  /** `countSeq` and `lowCount` as they stood before minSeq: what is forgotten is nobody's unread. */
  @Column(uint({ default: 0 })) minCount!: number;
  @Column(uint({ default: 0 })) minLowCount!: number;
  /** How many messages count as unread for those who have read nothing. */
  @Column(uint({ default: 0 })) countSeq!: number;
  /** kind user: how many of those the low side sent, so that own messages are never one's unread. Other kinds: 0. */
  @Column(uint({ default: 0 })) lowCount!: number;
  @Column(instant({ nullable: true })) lastAt!: Date | null;
  /**
   * Where a log ends in directed messages: the last message that everybody sees, and its time. They hold while the log's head
   * is `directedHeadSeq`, so whatever is said to everybody afterwards makes them void without a write (docs/adr/0011).
   */
  @Column(uint({ default: 0 })) lastVisibleSeq!: number;
  @Column(instant({ nullable: true })) lastVisibleAt!: Date | null;
  @Column(uint({ default: 0 })) directedHeadSeq!: number;
  /** Raised by every change of who may speak or hear. */
  @Column(uint({ default: 1 })) memberVersion!: number;
  @Column(created()) createdAt!: Date;
}

/** A user in a conversation: its window and its marks. */
@Entity('members')
@Index('of_conversation', ['conversationPk', 'userPk'])
export class MemberRow {
  @Column(pk({ primary: true })) userPk!: number;
  @Column(pk({ primary: true })) conversationPk!: number;
  @Column(appPk()) appPk!: number;
  /** First seq that the member hears live: the one at which it came in. */
  @Column(uint({ default: 1 })) hearSeq!: number;
  /** First seq the member may read. */
  @Column(uint({ default: 1 })) joinSeq!: number;
  /** Last seq it may read; empty while it is in. */
  @Column(uint({ nullable: true })) leaveSeq!: number | null;
  @Column(uint({ default: 0 })) readSeq!: number;
  /** Countable messages of others up to readSeq: unread is the conversation's count less this. */
  @Column(uint({ default: 0 })) readCount!: number;
  /**
   * kind group: countable messages that are in the conversation's count and never this member's unread (its own), less
   * those that are not in that count and are its unread (directed to it). May be negative.
   */
  @Column({ type: 'int', default: 0 }) ownCount!: number;
  /** The last message that this member sees and others do not, and its time. */
  @Column(uint({ default: 0 })) directedSeq!: number;
  @Column(instant({ nullable: true })) directedAt!: Date | null;
  @Column(uint({ default: 0 })) deliveredSeq!: number;
  /** Messages up to this seq were cleared by the member for itself. */
  @Column(uint({ default: 0 })) clearSeq!: number;
  @Column({ type: 'boolean', default: false }) muted!: boolean;
  @Column({ type: 'boolean', default: false }) pinned!: boolean;
}
