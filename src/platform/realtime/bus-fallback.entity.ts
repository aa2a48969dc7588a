import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ascii, created, jsonText } from '../database/columns';

/** Frames of the bus that Redis does not carry, from a cut-off node or to one; read within seconds, deleted after a minute. */
@Entity('bus_fallback')
@Index('by_age', ['createdAt'])
export class BusFallbackRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  /** The node. */
  @Column(ascii(32)) sender!: string;
  /** 1: the sender is cut off from Redis. 0: it writes for a node that is. */
  @Column({ type: 'tinyint', unsigned: true }) cutOff!: number;
  /** JSON, `FallbackBatch` of fallback-table.ts. */
  @Column(jsonText()) text!: string;
  @Column(created()) createdAt!: Date;
}
