export { AppConversations, type AppEntry } from './app-conversations';
export * from './audience';
export * from './audiences';
export { ConversationsModule } from './conversations.module';
export { HistoryQuery } from './dto/history.dto';
export { AnnouncementDto, MuteDto } from './dto/moderation.dto';
export { Delivery } from './delivery';
export { Followers, type Follower, type StoredPlace } from './followers';
export { ConversationDirectory } from './directory';
export { ConversationHistory, type PageBounds, type Window } from './history';
export { assertOneBound, HistoryPages, type Readable } from './history-pages';
export { Inbox, type InboxEntry } from './inbox';
export type { Appended, Draft } from './log/draft';
export { ConversationLog } from './log/conversation-log';
export type { Changed, ChangeContext, ChangeWork, Founding } from './log/log-changes';
export type { OwedMessages } from './log/log-writer';
export { MessageIds } from './message-ids';
export { Members, type MemberSnapshot } from './members';
export { Marks } from './marks';
export { type ReadListener, ReadListeners } from './read-listeners';
export { Retention } from './retention';
export { Standings, type Standing } from './standings';
export { type UnreadSummary, UnreadTotals } from './unread-totals';
export {
  encodeAck,
  encodeMessage,
  isoTime,
  maySee,
  presentMessage,
  type SayableMessage,
  seenBy,
  type StoredMessage,
} from './log/message';
export { newMessage } from './log/message-row';
export { Repeats } from './log/repeats';
