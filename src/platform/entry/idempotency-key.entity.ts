import { Column, Entity, Index } from 'typeorm';
import { ascii, created } from '../database/columns';

/** The answer to a creating call, kept under its Idempotency-Key so that a repeat gets the same one. */
@Entity('idempotency_keys')
@Index('by_age', ['createdAt'])
export class IdempotencyKeyRow {
  /** Who called: `app:12`, `developer:3`, `user:99`. */
  @Column({ primary: true, ...ascii(32) }) owner!: string;
  @Column({ primary: true, ...ascii(64) }) idempotencyKey!: string;
  /** Method and path. */
  @Column(ascii(160)) call!: string;
  @Column({ type: 'binary', length: 16 }) fingerprint!: Buffer;
  /** Empty while the first call is still under way. */
  @Column({ type: 'smallint', unsigned: true, nullable: true }) status!: number | null;
  /** Sealed: an answer may hold a secret that is shown once. */
  @Column({ type: 'mediumblob', nullable: true }) answerSealed!: Buffer | null;
  @Column(created()) createdAt!: Date;
}
