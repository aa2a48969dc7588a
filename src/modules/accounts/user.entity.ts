import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, jsonText, pk, uint } from '../../platform/database/columns';

export type UserStatus = 'active' | 'deactivated' | 'deleted';

/** A sub-account of an app. */
@Entity('users')
@Index('one_per_user_id', ['appPk', 'userId', 'tombstone'], { unique: true })
@Index('one_per_account', ['appPk', 'account'], { unique: true })
@Index('counted', ['appPk', 'registered', 'tombstone'])
export class UserRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(64)) userId!: string;
  /** 0 while the user lives, its own id once deleted: the id can be used again and inherits nothing. */
  @Column(pk({ default: 0 })) tombstone!: number;
  /** Fixed mode: the generated login name. */
  @Column(ascii(32, { nullable: true })) account!: string | null;
  /** Generated passwords: keyed hash; chosen ones: scrypt with its parameters. The prefix says which. */
  @Column(ascii(255, { nullable: true })) passwordHash!: string | null;
  @Column(ascii(16)) status!: UserStatus;
  @Column({ type: 'varchar', length: '64', nullable: true }) nickname!: string | null;
  @Column({ type: 'varchar', length: '512', nullable: true }) avatarUrl!: string | null;
  /** Free profile fields the app keeps: JSON object, 2 KB. */
  @Column(jsonText({ nullable: true })) profile!: string | null;
  /** False for a name that was only written to so far (arbitrary mode). */
  @Column({ type: 'boolean', default: true }) registered!: boolean;
  /** User tokens of a lower version are refused. */
  @Column(uint({ default: 1 })) tokenVersion!: number;
  /** Raised by whatever may end a permission: kick, revocation, deactivation. The send transaction compares it. */
  @Column(uint({ default: 1 })) authVersion!: number;
  /** The user's own event log: highest and lowest kept `userSeq`. */
  @Column(uint({ default: 0 })) maxUserSeq!: number;
  @Column(uint({ default: 1 })) minUserSeq!: number;
  @Column(created()) createdAt!: Date;
  @Column(instant({ nullable: true })) lastLoginAt!: Date | null;
}

/** One entry of a user's own event log. Later events of one kind about one thing replace the earlier. */
@Entity('user_events')
@Index('latest_per_thing', ['userPk', 'kind', 'ref'], { unique: true })
export class UserEventRow {
  @Column(pk({ primary: true })) userPk!: number;
  @Column(uint({ primary: true })) userSeq!: number;
  @Column(ascii(32)) kind!: string;
  @Column(ascii(140)) ref!: string;
  @Column(jsonText()) data!: string;
  @Column(created()) at!: Date;
}
