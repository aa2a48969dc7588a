import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { LimitsService, type LimitsView } from './limits.service';

@ApiTags('Limits')
@Controller('v1/limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  /** What this deployment refuses to go beyond. */
  @Get()
  @Allow('anyone', 'user', 'app', 'developer', 'operator')
  read(@CurrentCaller() caller: Caller | undefined): Promise<LimitsView> {
    return this.limits.limits(caller);
  }
}
