import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ascii, created, jsonText } from '../database/columns';

/** What a node said that others cannot hear over Redis, or to one that cannot; read within seconds and gone in a minute. */
@Entity('bus_letters')
@Index('by_age', ['createdAt'])
export class BusLetterRow {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true }) id!: number;
  /** The node. */
  @Column(ascii(32)) sender!: string;
  /** 1: its way to Redis is cut. 0: it writes for one whose way is. */
  @Column({ type: 'tinyint', unsigned: true }) cutOff!: number;
  /** JSON, `Letter` of letters.ts. */
  @Column(jsonText()) text!: string;
  @Column(created()) createdAt!: Date;
}
