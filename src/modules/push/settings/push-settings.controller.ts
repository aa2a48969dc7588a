import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { UserCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PushSettingsDto } from './push-settings.dto';
import { PushSettingsService } from './push-settings.service';

@ApiTags('Push')
@Controller('v1/push/settings')
export class PushSettingsController {
  constructor(private readonly settings: PushSettingsService) {}

  /** What this user wants of its pushes; what it never said is the app's default. */
  @Get()
  @Allow('user')
  get(@CurrentCaller() caller: UserCaller) {
    return this.settings.get(caller);
  }

  /** All of it at once: what is left out is the app's default again. */
  @Put()
  @Allow('user')
  put(@CurrentCaller() caller: UserCaller, @Body() wishes: PushSettingsDto) {
    return this.settings.put(caller, wishes);
  }
}
