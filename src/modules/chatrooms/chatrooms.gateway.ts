import { WebSocketGateway } from '@nestjs/websockets';
import type { UserCaller } from '../../kernel/caller';
import type { Connection } from '../../platform/realtime/connection';
import { On } from '../../platform/realtime/on.decorator';
import { ChatroomIdDto, ChatroomJoinDto } from './members/join.dto';
import { JoinsService } from './members/joins.service';

/** Socket events of rooms. A join subscribes this socket only; messages are sent through `message:send`. */
@WebSocketGateway()
export class ChatroomsGateway {
  constructor(private readonly joins: JoinsService) {}

  @On('chatroom:join')
  join(caller: UserCaller, { chatroomId, history, visit }: ChatroomJoinDto, connection: Connection) {
    return this.joins.join(caller, chatroomId, connection, { history, visit });
  }

  @On('chatroom:leave')
  async leave(caller: UserCaller, { chatroomId }: ChatroomIdDto, connection: Connection) {
    await this.joins.leave(caller, chatroomId, connection);
    return {};
  }
}
