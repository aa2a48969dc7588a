import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { BroadcastsService } from './broadcasts.service';
import { BroadcastDto } from './dto/broadcast.dto';

@ApiTags('Messages')
@Controller('v1/chatroom-broadcasts')
export class BroadcastsController {
  constructor(private readonly broadcasts: BroadcastsService) {}

  /** One message into every open room of the app; answers how many have it. Repeat it whole after a failure. */
  @Post()
  @Allow('app')
  @HttpCode(200)
  toChatrooms(@CurrentCaller() caller: AppCaller, @Body() message: BroadcastDto) {
    return this.broadcasts.toChatrooms(caller, message);
  }
}
