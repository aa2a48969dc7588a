import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ascii, created, instant, jsonText } from '../database/columns';

export const OUTBOX_NEW = 0;
export const OUTBOX_DONE = 1;
export const OUTBOX_DEAD = 2;

/** What is owed after a commit, written in the same transaction. One row may cover a whole group commit. */
@Entity('outbox')
@Index('due', ['state', 'nextAt'])
@Index('by_age', ['createdAt'])
export class OutboxRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(ascii(32)) kind!: string;
  /** JSON, as whoever owes it reads it again. */
  @Column(jsonText()) payload!: string;
  /** 0 new, 1 done, 2 dead. */
  @Column({ type: 'tinyint', unsigned: true, default: 0 }) state!: number;
  @Column({ type: 'smallint', unsigned: true, default: 0 }) attempts!: number;
  /** Not before; also the end of a relay's lease. */
  @Column(instant({ default: () => 'CURRENT_TIMESTAMP(3)' })) nextAt!: Date;
  @Column({ type: 'varchar', length: '255', nullable: true }) reason!: string | null;
  @Column(created()) createdAt!: Date;
}
