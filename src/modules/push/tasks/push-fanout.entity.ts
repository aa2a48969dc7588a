import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, created, instant, jsonText, uint } from '../../../platform/database/columns';

/** Messages of an app whose recipients are still to be decided. What is decided leaves the list, page by page. */
@Entity('push_fanouts')
@Index('due', ['dead', 'appPk', 'nextAt'])
export class PushFanoutRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  /** JSON: FanoutItem[]. */
  @Column(jsonText()) items!: string;
  /** Not before; also the end of a worker's lease. */
  @Column(instant({ default: () => 'CURRENT_TIMESTAMP(3)' })) nextAt!: Date;
  /** Rises with every claim, so that a worker whose lease ended cannot write any more. */
  @Column(uint({ default: 0 })) lease!: number;
  /** Claims in a row that brought nothing to an end. */
  @Column({ type: 'smallint', unsigned: true, default: 0 }) failures!: number;
  /** Given up: waits for an operator. */
  @Column({ type: 'boolean', default: false }) dead!: boolean;
  @Column({ type: 'varchar', length: '255', nullable: true }) reason!: string | null;
  @Column(created()) createdAt!: Date;
}
