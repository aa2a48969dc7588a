import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ascii, created, instant, jsonText } from '../../platform/database/columns';

export type DeveloperStatus = 'unverified' | 'pending' | 'verified' | 'rejected' | 'suspended';

/** The main account: one per registered person or company, owner of apps. */
@Entity('developers')
@Index('one_per_email', ['email'], { unique: true })
@Index('one_per_sid', ['accountSid'], { unique: true })
export class DeveloperRow {
  @PrimaryGeneratedColumn({ type: 'int', unsigned: true }) id!: number;
  @Column(ascii(40)) accountSid!: string;
  /** Sealed: the console shows it again (Y2). */
  @Column({ type: 'varbinary', length: 255 }) authTokenSealed!: Buffer;
  /** Keyed hash of the auth token; what a call is compared with. */
  @Column({ type: 'binary', length: 32 }) authTokenHash!: Buffer;
  /** Lower-cased. */
  @Column({ type: 'varchar', length: '254' }) email!: string;
  @Column(ascii(255)) passwordHash!: string;
  @Column({ type: 'varchar', length: '128' }) name!: string;
  @Column(ascii(16)) status!: DeveloperStatus;
  /** What was handed in for verification, and the operator's answer: JSON. */
  @Column(jsonText({ nullable: true })) verification!: string | null;
  /** What differs from the plan's quotas: JSON of quota name to number (plans.ts). Empty: nothing. */
  @Column(jsonText({ nullable: true })) quotas!: string | null;
  @Column(ascii(32)) plan!: string;
  @Column(created()) createdAt!: Date;
  @Column(instant({ nullable: true })) verifiedAt!: Date | null;
}
