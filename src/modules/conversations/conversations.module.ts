import { Global, Module } from '@nestjs/common';
import { AppConversations } from './app-conversations';
import { Audiences } from './audiences';
import { ConversationDirectory } from './directory';
import { ConversationHistory } from './history';
import { HistoryPages } from './history-pages';
import { Inbox } from './inbox';
import { ConversationLog } from './log/conversation-log';
import { Delivery } from './delivery';
import { Followers } from './followers';
import { LogBatch } from './log/log-batch';
import { LogChanges } from './log/log-changes';
import { LogWriter } from './log/log-writer';
import { Repeats } from './log/repeats';
import { Members } from './members';
import { Marks } from './marks';
import { MessageIds } from './message-ids';
import { DatabasePressure } from './pressure';
import { ReadListeners } from './read-listeners';
import { Retention } from './retention';
import { Standings } from './standings';
import { UnreadTotals } from './unread-totals';

const services = [
  AppConversations,
  Audiences,
  ConversationDirectory,
  ConversationHistory,
  HistoryPages,
  Inbox,
  ConversationLog,
  Delivery,
  Followers,
  Marks,
  Members,
  MessageIds,
  Repeats,
  ReadListeners,
  Retention,
  Standings,
  UnreadTotals,
];

/** The ground floor: the log that everything which speaks writes into. */
@Global()
@Module({ providers: [...services, DatabasePressure, LogBatch, LogChanges, LogWriter], exports: services })
export class ConversationsModule {}
