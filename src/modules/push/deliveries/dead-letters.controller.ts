import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { OperatorCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../../platform/entry/page-query';
import { DeadLettersService } from './dead-letters.service';

@ApiTags('Operator')
@Controller('v1/operator/push/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLettersService) {}

  /** What was owed for messages and could not be done, with what went wrong the last time: what is to be replayed. */
  @Get()
  @Allow('operator')
  list(@CurrentCaller() caller: OperatorCaller, @Query() query: PageQuery) {
    return this.letters.list(caller, query);
  }

  /** Tries once more, from where it stopped. */
  @Post(':deadLetterId/replay')
  @Allow('operator')
  @HttpCode(204)
  replay(@CurrentCaller() caller: OperatorCaller, @Param('deadLetterId') deadLetterId: string) {
    return this.letters.replay(caller, deadLetterId);
  }
}
