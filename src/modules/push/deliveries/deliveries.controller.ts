import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { DeliveriesQuery, ReplayDto } from './deliveries.dto';
import { DeliveriesService } from './deliveries.service';

@ApiTags('Push')
@Controller('v1/push/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  /** What became of each push, and why: of a user, of a message or of a status. The newest first, kept for 30 days. */
  @Get()
  @Allow('app')
  list(@CurrentCaller() caller: AppCaller, @Query() query: DeliveriesQuery) {
    return this.deliveries.list(caller, query);
  }

  /** Try failed pushes again, after whatever was wrong was put right. At most 500 a call: call until none is left. */
  @Post('replay')
  @Allow('app')
  @HttpCode(200)
  replay(@CurrentCaller() caller: AppCaller, @Body() which: ReplayDto) {
    return this.deliveries.replay(caller, which);
  }
}
