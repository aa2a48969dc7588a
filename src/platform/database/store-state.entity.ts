import { Column, Entity } from 'typeorm';
import { ascii } from './columns';

/** Facts about this store as a whole. `epoch` changes when a restore or a lossy failover took acknowledged rows away. */
@Entity('store_state')
export class StoreStateRow {
  @Column({ primary: true, ...ascii(32) }) name!: string;
  @Column(ascii(255)) value!: string;
}
