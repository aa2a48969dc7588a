import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, instant, pk } from '../../../platform/database/columns';
import type { ProviderName } from '../provider';

/** A device's token, bound to the login that brought it. A token is one user's in its app, and a device has one token. */
@Entity('push_devices')
@Index('one_per_device', ['userPk', 'deviceId'], { unique: true })
@Index('one_per_token', ['appPk', 'tokenHash'], { unique: true })
export class PushDeviceRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(pk()) userPk!: number;
  @Column(ascii(64)) deviceId!: string;
  /** The login that bound it last. */
  @Column(ascii(32)) loginId!: string;
  @Column(ascii(32)) platform!: string;
  @Column(ascii(16)) provider!: ProviderName;
  @Column(ascii(4096)) token!: string;
  @Column({ type: 'binary', length: 32 }) tokenHash!: Buffer;
  @Column(ascii(35, { nullable: true })) locale!: string | null;
  @Column(ascii(64, { nullable: true })) timeZone!: string | null;
  /** When a client last said that this token is good. A vendor's word that it is dead counts only against an older one. */
  @Column(instant()) registeredAt!: Date;
}
