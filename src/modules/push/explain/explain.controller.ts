import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { ExplainDto } from './explain.dto';
import { ExplainService } from './explain.service';

@ApiTags('Push')
@Controller('v1/push/explain')
export class ExplainController {
  constructor(private readonly explanations: ExplainService) {}

  /** What would happen if one user wrote to another now: pushed to which devices, or not and why. Nothing is sent. */
  @Post()
  @Allow('app')
  @HttpCode(200)
  explain(@CurrentCaller() caller: AppCaller, @Body() what: ExplainDto) {
    return this.explanations.explain(caller, what);
  }
}
