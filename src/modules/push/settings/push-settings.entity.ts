import { Column, Entity } from 'typeorm';
import { appPk, ascii, pk } from '../../../platform/database/columns';
import type { PushStyle } from '../../tenancy';

/** What a user wants of its pushes, and how it is named in those of others. No row: the app's defaults. */
@Entity('push_settings')
export class PushSettingsRow {
  @Column(pk({ primary: true })) userPk!: number;
  @Column(appPk()) appPk!: number;
  @Column({ type: 'varchar', length: '64', nullable: true }) nickname!: string | null;
  @Column(ascii(8, { nullable: true })) style!: PushStyle | null;
  @Column(ascii(35, { nullable: true })) language!: string | null;
  /** `HH:MM`; both or neither. */
  @Column(ascii(5, { nullable: true })) quietFrom!: string | null;
  @Column(ascii(5, { nullable: true })) quietTo!: string | null;
  @Column(ascii(64, { nullable: true })) quietZone!: string | null;
}
