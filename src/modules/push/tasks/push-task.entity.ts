import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, pk, uint } from '../../../platform/database/columns';
import type { ProviderName } from '../provider';

/**
 * What one device is to be told about one conversation. Open while it has `seqs`; whatever comes meanwhile joins it, so
 * that a burst is one notification. Closed rows stay a while: they know when the device was told last.
 */
@Entity('push_tasks')
@Index('one_per_device_and_conversation', ['devicePk', 'conversationPk'], { unique: true })
@Index('of_batch', ['batchPk'])
export class PushTaskRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(pk()) userPk!: number;
  @Column(pk()) devicePk!: number;
  /** Kept here: the device may be let go before its push has ended. */
  @Column(ascii(64, { nullable: true })) deviceId!: string | null;
  @Column(ascii(16, { nullable: true })) provider!: ProviderName | null;
  @Column(pk()) conversationPk!: number;
  /** The messages it stands for, as `,7,8,9`; empty when closed. */
  @Column({ type: 'mediumtext', charset: 'ascii', collation: 'ascii_bin' }) seqs!: string;
  /** The latest of these, and of all that were told before: never falls. */
  @Column(uint()) upToSeq!: number;
  @Column({ type: 'boolean', default: false }) mentioned!: boolean;
  /** With whom it becomes due. That of a closed one may be gone. */
  @Column(pk()) batchPk!: number;
  /** How often it was tried in vain. */
  @Column({ type: 'smallint', unsigned: true, default: 0 }) attempts!: number;
  @Column(created()) openedAt!: Date;
  /** When the device was told last. */
  @Column(instant({ nullable: true })) sentAt!: Date | null;
  /** Why it was not taken the last time. */
  @Column(ascii(191, { nullable: true })) reason!: string | null;
}
