import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, ascii, created, instant, pk, uint } from '../../../platform/database/columns';

export type ChatroomStatus = 'active' | 'closed';

/** A room. Who is in it is written nowhere: that follows from the sockets that are connected. */
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
  /** What is said is stored, and handed out to nobody until this is over. */
  @Column({ type: 'boolean', default: false }) distributionStopped!: boolean;
  /** A room opened again under its id goes on with its log: what was said before is no longer read. */
  @Column(uint({ default: 1 })) firstSeq!: number;
  /** The conversation's memberVersion when it was opened again: no visit from before counts. */
  @Column(uint({ default: 0 })) openedVersion!: number;
  /** When somebody was last seen in it, to a minute. */
  @Column(created()) activeAt!: Date;
  @Column(created()) createdAt!: Date;
}

/** What was decided about a user in a room. Outlives its visits. */
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
  /** Speaks while all are muted. */
  @Column({ type: 'boolean', default: false }) maySpeak!: boolean;
  /** The conversation's memberVersion from which on no earlier visit of this user counts; 0: never removed. */
  @Column(uint({ default: 0 })) removedVersion!: number;
  /** In slow mode: when it last spoke. */
  @Column(instant({ nullable: true })) spokeAt!: Date | null;
}

/** A key and value of a room: a seat, a score, what is on the stage. */
@Entity('chatroom_attributes')
export class ChatroomAttributeRow {
  @Column(pk({ primary: true })) chatroomPk!: number;
  @Column(ascii(64, { primary: true })) name!: string;
  @Column(appPk()) appPk!: number;
  @Column({ type: 'text' }) value!: string;
  /** Whose it is; empty: the app's. */
  @Column(pk({ nullable: true })) ownerPk!: number | null;
  /** Goes when its owner leaves the room. */
  @Column({ type: 'boolean', default: false }) autoDelete!: boolean;
}

/** Users who may make rooms and decide about all of them, as the app's server may. */
@Entity('chatroom_super_admins')
export class ChatroomSuperAdminRow {
  @Column(uint({ primary: true })) appPk!: number;
  @Column(pk({ primary: true })) userPk!: number;
}
