import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomId } from '../../kernel/ids';
import { Sql } from './sql';

/**
 * Which life of the store this is. Clients compare it: after a restore or a lossy failover the operator gives the store
 * a new epoch (`UPDATE store_state …`, docs), and they drop what the store has forgotten.
 */
@Injectable()
export class StoreEpoch implements OnModuleInit {
  /** Known once the modules are initialised. */
  value = '';

  constructor(private readonly sql: Sql) {}

  async onModuleInit(): Promise<void> {
    const name = 'epoch';
    // Several nodes may start on one empty store: the first row stands, everybody reads it.
    await this.sql.run(
      'INSERT INTO store_state (name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = VALUES(name)',
      [name, randomId(20)],
    );
    const [row] = await this.sql.rows<{ value: string }>('SELECT value FROM store_state WHERE name = ?', [name]);
    if (!row) throw new Error('store_state has no epoch');
    this.value = row.value;
  }
}
