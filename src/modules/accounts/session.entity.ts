import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, pk, uint } from '../../platform/database/columns';

/**
 * Why a session ended. The first two end it on its device only: the login's token goes on for its other devices. All
 * others end the login, token and all.
 */
export type SessionEndReason = 'multi-login' | 'replaced' | 'logout' | 'revoked' | 'deactivated' | 'deleted';

/**
 * A login on a device. `POST /v1/sessions` (or a token issued by the app server) makes one without a device; connecting
 * binds it. A token used on a second device makes a second row of the same login.
 */
@Entity('sessions')
@Index('one_per_session_id', ['sessionId'], { unique: true })
@Index('one_per_login_and_device', ['loginId', 'deviceId'], { unique: true })
@Index('of_user', ['userPk', 'endedAt'])
@Index('by_expiry', ['expiresAt'])
export class SessionRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(pk()) userPk!: number;
  @Column(ascii(32)) sessionId!: string;
  /** The sessionId of the login that the token names. */
  @Column(ascii(32)) loginId!: string;
  /** Empty until a connection binds it. */
  @Column(ascii(64, { nullable: true })) deviceId!: string | null;
  @Column(ascii(32, { nullable: true })) platform!: string | null;
  @Column(created()) createdAt!: Date;
  /** Last time a connection bound it; decides who is the oldest. */
  @Column(instant({ nullable: true })) boundAt!: Date | null;
  /** How many connections have bound it: the one that raised it last is the newest, and the only one that stays. */
  @Column(uint({ default: 0 })) generation!: number;
  @Column(instant()) expiresAt!: Date;
  @Column(instant({ nullable: true })) endedAt!: Date | null;
  @Column(ascii(32, { nullable: true })) endReason!: SessionEndReason | null;
  /** `multi-login`: the platform of the device that drove it out. */
  @Column(ascii(32, { nullable: true })) endedBy!: string | null;
}
