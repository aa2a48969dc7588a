import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, pk, uint } from '../../../platform/database/columns';

/** Never renumber. */
export const STATUS_CODES = { sent: 1, suppressed: 2, failed: 3 } as const;
export type DeliveryStatus = keyof typeof STATUS_CODES;

/** How the push of one message to one device ended, or why there was none for its recipient. Written once. */
@Entity('push_deliveries')
@Index('once', ['conversationPk', 'seq', 'userPk', 'devicePk'], { unique: true })
@Index('of_user', ['userPk', 'id'])
@Index('by_status', ['appPk', 'status', 'id'])
export class PushDeliveryRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(pk()) conversationPk!: number;
  @Column(uint()) seq!: number;
  @Column(pk()) userPk!: number;
  /** 0 where it was decided for the user, whatever its devices. */
  @Column(pk({ default: 0 })) devicePk!: number;
  /** Kept here: the device may be gone when somebody asks. */
  @Column(ascii(64, { nullable: true })) deviceId!: string | null;
  @Column(ascii(16, { nullable: true })) provider!: string | null;
  @Column({ type: 'tinyint', unsigned: true }) status!: number;
  @Column({ type: 'varchar', length: '191', nullable: true }) reason!: string | null;
  @Column({ type: 'varchar', length: '191', nullable: true }) providerId!: string | null;
  @Column(created()) at!: Date;
}
