import { Body, Controller, Post } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { SentMessage } from '../../kernel/contracts/message';
import { Allow } from '../../platform/entry/allow.decorator';
import { Rate, StatusFrom } from '../../platform/entry/http/route-marks';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { SendMessageDto } from './dto/send-message.dto';
import { MessagesService } from './messages.service';
import { answerOf } from './sent';

@Controller('v1/messages')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  /** Send a message. 201 when it was stored now, 200 with `duplicate: true` when this clientMessageId was stored before. */
  @Post()
  @Allow('user', 'app')
  @Rate('sends')
  @StatusFrom(({ duplicate }: SentMessage) => (duplicate ? 200 : 201))
  async send(@CurrentCaller() caller: TenantCaller, @Body() command: SendMessageDto) {
    return answerOf(await this.messages.send(caller, command));
  }
}
