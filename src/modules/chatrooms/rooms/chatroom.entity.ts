import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, pk, uint } from '../../../platform/database/columns';

export type ChatroomStatus = 'active' | 'closed';

/** A room. Its members are stored nowhere: they follow from the connected sockets. */
@Entity('chatrooms')
@Index('one_per_chatroom_id', ['appPk', 'chatroomId'], { unique: true })
@Index('idle_of_app', ['appPk', 'status', 'activeAt'])
export class ChatroomRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  @Column(ascii(64)) chatroomId!: string;
  @Column({ type: 'varchar', length: '128' }) name!: string;
  @Column({ type: 'varchar', length: '1024', nullable: true }) description!: string | null;
  @Column({ type: 'text', nullable: true }) announcement!: string | null;
  @Column(ascii(8)) status!: ChatroomStatus;
  @Column(pk({ nullable: true })) ownerPk!: number | null;
  @Column(uint({ nullable: true })) maxMembers!: number | null;
  @Column({ type: 'boolean', default: false }) muteAll!: boolean;
  /** Seconds between two messages of one user; 0: no limit. */
  @Column(uint({ default: 0 })) slowModeSeconds!: number;
  @Column({ type: 'boolean', default: false }) membersMaySetAttributes!: boolean;
  /** Never closed for being idle. */
  @Column({ type: 'boolean', default: false }) keepAlive!: boolean;
  /** While set, messages are stored but not delivered. */
  @Column({ type: 'boolean', default: false }) distributionStopped!: boolean;
  /** The first seq that members may read. A room that is opened again continues its log; older messages stay hidden. */
  @Column(uint({ default: 1 })) firstSeq!: number;
  /** The conversation's memberVersion when the room was opened again; older visits do not count. */
  @Column(uint({ default: 0 })) openedVersion!: number;
  /** When it last had members, to a minute. */
  @Column(created()) activeAt!: Date;
  @Column(created()) createdAt!: Date;
}

/** Role, mutes, bans and removals of a user in a room. Outlives their visits. */
@Entity('chatroom_standings')
@Index('removed_since', ['chatroomPk', 'removedVersion'])
export class ChatroomStandingRow {
  @Column(pk({ primary: true })) chatroomPk!: number;
  @Column(pk({ primary: true })) userPk!: number;
  @Column(appPk()) appPk!: number;
  @Column({ type: 'boolean', default: false }) admin!: boolean;
  @Column({ type: 'boolean', default: false }) banned!: boolean;
  /** The year 9999: for ever. */
  @Column(instant({ nullable: true })) mutedUntil!: Date | null;
  /** Whether they may send while all are muted. */
  @Column({ type: 'boolean', default: false }) maySpeak!: boolean;
  /** The conversation's memberVersion of their last removal; earlier visits do not count. 0: never removed. */
  @Column(uint({ default: 0 })) removedVersion!: number;
  /** When they last sent in slow mode. */
  @Column(instant({ nullable: true })) spokeAt!: Date | null;
}

/** A key and value of a room, for example a seat or a score. */
@Entity('chatroom_attributes')
export class ChatroomAttributeRow {
  @Column(pk({ primary: true })) chatroomPk!: number;
  @Column(ascii(64, { primary: true })) name!: string;
  @Column(appPk()) appPk!: number;
  @Column({ type: 'text' }) value!: string;
  /** The user who set it; null: the app. */
  @Column(pk({ nullable: true })) ownerPk!: number | null;
  /** Removed when its owner leaves the room. */
  @Column({ type: 'boolean', default: false }) autoDelete!: boolean;
}

/** Users who may create rooms and act in all of them as the app's server may. */
@Entity('chatroom_super_admins')
export class ChatroomSuperAdminRow {
  @Column(uint({ primary: true })) appPk!: number;
  @Column(pk({ primary: true })) userPk!: number;
}
