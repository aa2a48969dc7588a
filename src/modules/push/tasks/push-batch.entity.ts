import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { appPk, instant, uint } from '../../../platform/database/columns';

/** Pushes of an app that become due together. What is open is in one batch; a batch takes nothing in once it is written. */
@Entity('push_batches')
@Index('due', ['appPk', 'nextAt'])
export class PushBatchRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  @Column(appPk()) appPk!: number;
  /** How many were put in. */
  @Column({ type: 'smallint', unsigned: true }) size!: number;
  /** Not before; also the end of a worker's lease. */
  @Column(instant()) nextAt!: Date;
  /** Rises with every claim, so that a worker whose lease ended cannot end what another one works on. */
  @Column(uint({ default: 0 })) lease!: number;
}
