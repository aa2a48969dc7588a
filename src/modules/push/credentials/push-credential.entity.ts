import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, instant, jsonText } from '../../../platform/database/columns';
import type { ProviderName } from '../provider';

/** What an app pushes with through one vendor: one row, a new one with every upload. */
@Entity('push_credentials')
@Index('one_per_provider', ['appPk', 'provider'], { unique: true })
export class PushCredentialRow {
  /** Also the version: no later upload, not even after a removal, has it again. */
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(16)) provider!: ProviderName;
  /** JSON of what the vendor needs, sealed for this app and vendor. */
  @Column('blob') sealed!: Buffer;
  /** JSON of what may be shown: topic, key id, project … */
  @Column(jsonText()) found!: string;
  @Column(instant({ nullable: true })) expiresAt!: Date | null;
  @Column(instant()) uploadedAt!: Date;
  /** Set once the vendor refused it: nothing goes out until another is uploaded. */
  @Column(instant({ nullable: true })) pausedAt!: Date | null;
  @Column({ type: 'varchar', length: '255', nullable: true }) pausedReason!: string | null;
}
