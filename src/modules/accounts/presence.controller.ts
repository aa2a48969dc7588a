import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { PresenceQuery } from './dto/user.dto';
import { PresenceService } from './presence.service';

@ApiTags('Presence')
@Controller('v1')
export class PresenceController {
  constructor(private readonly presence: PresenceService) {}

  /** Who of these is connected now. */
  @Get('presence')
  @Allow('app')
  of(@CurrentCaller() caller: AppCaller, @Query() { userIds }: PresenceQuery) {
    return this.presence.of(caller, userIds);
  }

  /** How many users of the app are connected now. */
  @Get('stats/online')
  @Allow('app')
  count(@CurrentCaller() caller: AppCaller) {
    return this.presence.count(caller);
  }
}
