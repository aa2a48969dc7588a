import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import { Overload } from '../../platform/realtime/overload';
import { ConversationLog } from './log/conversation-log';

const POOL_WAIT_MAX_MS = 500;

/** While the database cannot keep up, no new sockets are let in: those that are here come first (protocol.md §2.10). */
@Injectable()
export class DatabasePressure {
  constructor(overload: Overload, log: ConversationLog, sql: Sql) {
    overload.addPressure(() => log.crowded || sql.longestWaitMs > POOL_WAIT_MAX_MS);
  }
}
