import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, jsonText, uint } from '../../platform/database/columns';

export type AccountMode = 'fixed' | 'arbitrary';
export type AppStatus = 'offline' | 'online' | 'suspended';

/** A developer's app: the wall inside which user ids, conversations and everything else live. */
@Entity('apps')
@Index('one_per_app_id', ['appId'], { unique: true })
@Index('of_developer', ['developerPk', 'id'])
export class AppRow {
  @PrimaryGeneratedColumn({ type: 'int', unsigned: true }) id!: number;
  @Column(ascii(40)) appId!: string;
  @Column({ type: 'int', unsigned: true }) developerPk!: number;
  @Column({ type: 'varchar', length: '128' }) name!: string;
  /** Chosen at creation, never changed. */
  @Column(ascii(16)) accountMode!: AccountMode;
  @Column(ascii(16)) status!: AppStatus;
  /** Set while the operator suspends the app: the status that it returns to. */
  @Column(ascii(16, { nullable: true })) resumesTo!: AppStatus | null;
  @Column({ type: 'varbinary', length: 255 }) appTokenSealed!: Buffer;
  @Column({ type: 'binary', length: 32 }) appTokenHash!: Buffer;
  /** The login key before the present one, and until when it opens as well. */
  @Column({ type: 'binary', length: 32, nullable: true }) previousTokenHash!: Buffer | null;
  @Column(instant({ nullable: true })) previousTokenUntil!: Date | null;
  /** JSON of AppSettings; what is absent takes the default. */
  @Column(jsonText()) settings!: string;
  /** User tokens issued earlier are refused: "log everybody out". Unix seconds. */
  @Column(uint({ default: 0 })) tokensValidFrom!: number;
  /** Raised by every change. */
  @Column(uint({ default: 1 })) version!: number;
  @Column(created()) createdAt!: Date;
  @Column(instant({ nullable: true })) wentOnlineAt!: Date | null;
  @Column(instant({ nullable: true })) deletedAt!: Date | null;
}

/** An app's secret. Two live ones at most: the current one and, for an overlap, the one before. */
@Entity('app_secrets')
@Index('of_app', ['appPk', 'kid'], { unique: true })
export class AppSecretRow {
  @PrimaryGeneratedColumn({ type: 'int', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  /** 1, 2, 3 … per app; user tokens name it. */
  @Column({ type: 'smallint', unsigned: true }) kid!: number;
  /** Sealed, because user tokens' keys are derived from the secret. */
  @Column({ type: 'varbinary', length: 255 }) sealed!: Buffer;
  @Column({ type: 'binary', length: 32 }) hash!: Buffer;
  @Column(created()) createdAt!: Date;
  @Column(instant({ nullable: true })) expiresAt!: Date | null;
}
