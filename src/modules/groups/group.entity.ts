import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, jsonText, pk, uint } from '../../platform/database/columns';

export type Visibility = 'public' | 'private';
/** `dissolved` rows stay: the id is never used again, and who was in still reads how it ended. */
export type GroupStatus = 'active' | 'suspended' | 'dissolved';
export type Role = 'owner' | 'admin' | 'member';

/** A group. Changed only under the lock of its conversation's row. */
@Entity('chat_groups')
@Index('one_per_group_id', ['appPk', 'groupId'], { unique: true })
@Index('groups_of_owner', ['ownerPk'])
export class GroupRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(64)) groupId!: string;
  @Column({ type: 'varchar', length: '128' }) name!: string;
  @Column({ type: 'varchar', length: '1024', nullable: true }) introduction!: string | null;
  @Column({ type: 'text', nullable: true }) announcement!: string | null;
  /** Fields of the app's own: a JSON object. */
  @Column(jsonText({ nullable: true })) attributes!: string | null;
  @Column(ascii(8)) visibility!: Visibility;
  @Column(ascii(12)) status!: GroupStatus;
  /** The owner's user, whether it is a member or not. */
  @Column(pk()) ownerPk!: number;
  @Column(uint()) maxMembers!: number;
  @Column(uint({ default: 0 })) memberCount!: number;
  @Column({ type: 'boolean', default: false }) membersMayInvite!: boolean;
  @Column({ type: 'boolean', default: false }) invitationsNeedConsent!: boolean;
  @Column({ type: 'boolean', default: false }) adminsMayRemove!: boolean;
  @Column({ type: 'boolean', default: false }) readableByNonMembers!: boolean;
  @Column({ type: 'boolean', default: false }) historyForNewMembers!: boolean;
  @Column({ type: 'boolean', default: false }) muteAll!: boolean;
  @Column(created()) createdAt!: Date;
}

/** Who is in, and as what. Its window and marks are in `members`, which every kind of conversation has. */
@Entity('group_members')
@Index('groups_of_user', ['userPk', 'groupPk'])
export class GroupMemberRow {
  @Column(pk({ primary: true })) groupPk!: number;
  @Column(pk({ primary: true })) userPk!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(8)) role!: Role;
  @Column({ type: 'varchar', length: '64', nullable: true }) nickname!: string | null;
  @Column(jsonText({ nullable: true })) attributes!: string | null;
  @Column(created()) joinedAt!: Date;
}

/** What was decided about a user in a group. Outlives its membership: leaving and joining again undoes no mute. */
@Entity('group_sanctions')
export class GroupSanctionRow {
  @Column(pk({ primary: true })) groupPk!: number;
  @Column(pk({ primary: true })) userPk!: number;
  @Column(appPk()) appPk!: number;
  @Column({ type: 'boolean', default: false }) banned!: boolean;
  /** The year 9999: for ever. */
  @Column(instant({ nullable: true })) mutedUntil!: Date | null;
  /** Speaks while all are muted. */
  @Column({ type: 'boolean', default: false }) maySpeak!: boolean;
}

export type RequestKind = 'request' | 'invitation';
export type RequestStatus = 'pending' | 'approved' | 'rejected' | 'accepted' | 'declined';

/** Somebody asks to come in, or is asked to. At most one of a kind waits for each user. */
@Entity('group_requests')
@Index('one_per_request_id', ['appPk', 'requestId'], { unique: true })
@Index('of_group', ['groupPk', 'kind', 'status', 'id'])
@Index('of_user', ['userPk', 'status', 'id'])
export class GroupRequestRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(32)) requestId!: string;
  @Column(pk()) groupPk!: number;
  @Column(pk()) userPk!: number;
  @Column(ascii(12)) kind!: RequestKind;
  @Column(ascii(12)) status!: RequestStatus;
  /** Who invited; 0: the app's server. */
  @Column(pk({ default: 0 })) invitedByPk!: number;
  @Column({ type: 'varchar', length: '512', nullable: true }) message!: string | null;
  @Column({ type: 'varchar', length: '512', nullable: true }) reason!: string | null;
  @Column(created()) createdAt!: Date;
  @Column(instant({ nullable: true })) decidedAt!: Date | null;
}
