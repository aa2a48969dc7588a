import { WebSocketGateway } from '@nestjs/websockets';
import type { UserCaller } from '../../kernel/caller';
import { ReadShares } from '../../platform/entry/read-shares';
import { On } from '../../platform/realtime/on.decorator';
import { HeadsDto, MarkDto, PullDto, SyncDto, TypingDto } from './dto/conversation.dto';
import { SendMessageDto } from './dto/send-message.dto';
import { HistoryService } from './history.service';
import { MarksService } from './marks.service';
import { MessagesService } from './messages.service';
import { ackOf } from './sent';
import { SignalsService } from './signals.service';
import { SyncService } from './sync.service';

/** The socket's door to messaging. The dispatcher has proved the caller and the shape, and answers `{ok, …}`. */
@WebSocketGateway()
export class MessagingGateway {
  constructor(
    private readonly messages: MessagesService,
    private readonly history: HistoryService,
    private readonly marks: MarksService,
    private readonly syncs: SyncService,
    private readonly signals: SignalsService,
    private readonly reads: ReadShares,
  ) {}

  @On('message:send', { rate: 'sends' })
  async send(caller: UserCaller, command: SendMessageDto) {
    return ackOf(await this.messages.send(caller, command));
  }

  @On('message:received')
  async received(caller: UserCaller, { conversationId, seq }: MarkDto) {
    await this.marks.received(caller, conversationId, seq);
    return {};
  }

  @On('conversation:read')
  read(caller: UserCaller, { conversationId, seq }: MarkDto) {
    return this.marks.read(caller, conversationId, seq);
  }

  @On('conversation:pull', { large: true })
  pull(caller: UserCaller, request: PullDto) {
    return this.reads.run(caller, () => this.history.page(caller, request));
  }

  @On('sync', { large: true })
  sync(caller: UserCaller, request: SyncDto) {
    return this.syncs.sync(caller, request);
  }

  @On('sync:heads')
  heads(caller: UserCaller, { conversations }: HeadsDto) {
    return this.syncs.heads(caller, conversations);
  }

  @On('typing', { rate: 'signals' })
  async typing(caller: UserCaller, { conversationId, typing = true }: TypingDto) {
    await this.signals.typing(caller, conversationId, typing);
    return {};
  }
}
