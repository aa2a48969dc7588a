import { Global, Module } from '@nestjs/common';
import { Audiences } from './audiences';
import { ConversationDirectory } from './directory';
import { ConversationHistory } from './history';
import { Inbox } from './inbox';
import { ConversationLog } from './log';
import { LogBatch } from './log-batch';
import { Marks } from './marks';
import { MessageIds } from './message-ids';

const services = [Audiences, ConversationDirectory, ConversationHistory, Inbox, ConversationLog, Marks];

/** The ground floor: the log that everything which speaks writes into. */
@Global()
@Module({ providers: [...services, LogBatch, MessageIds], exports: services })
export class ConversationsModule {}
