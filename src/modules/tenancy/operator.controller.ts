import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { OperatorCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import type { Page } from '../../platform/entry/page-query';
import type { AppView } from './app-view';
import type { DeveloperForOperator } from './developer-view';
import { ChangeDeveloperDto, DecisionDto, DevelopersQuery } from './dto/developer.dto';
import { OperatorService } from './operator.service';

@ApiTags('Operator')
@Controller('v1/operator')
export class OperatorController {
  constructor(private readonly operator: OperatorService) {}

  /** All developers, or those of one status. */
  @Get('developers')
  @Allow('operator')
  list(@CurrentCaller() caller: OperatorCaller, @Query() query: DevelopersQuery): Promise<Page<DeveloperForOperator>> {
    return this.operator.list(caller, query);
  }

  /** Changes a developer’s plan and quotas. */
  @Patch('developers/:accountSid')
  @Allow('operator')
  change(
    @CurrentCaller() caller: OperatorCaller,
    @Param('accountSid') accountSid: string,
    @Body() change: ChangeDeveloperDto,
  ): Promise<DeveloperForOperator> {
    return this.operator.change(caller, accountSid, change);
  }

  /** Verifies a developer, whose apps may go online. */
  @Post('developers/:accountSid/approve')
  @HttpCode(200)
  @Allow('operator')
  approve(
    @CurrentCaller() caller: OperatorCaller,
    @Param('accountSid') accountSid: string,
  ): Promise<DeveloperForOperator> {
    return this.operator.approve(caller, accountSid);
  }

  /** Refuses a verification, with a reason. */
  @Post('developers/:accountSid/reject')
  @HttpCode(200)
  @Allow('operator')
  reject(
    @CurrentCaller() caller: OperatorCaller,
    @Param('accountSid') accountSid: string,
    @Body() decision: DecisionDto,
  ): Promise<DeveloperForOperator> {
    return this.operator.reject(caller, accountSid, decision);
  }

  /** Suspends a developer with all its apps. */
  @Post('developers/:accountSid/suspend')
  @HttpCode(200)
  @Allow('operator')
  suspend(
    @CurrentCaller() caller: OperatorCaller,
    @Param('accountSid') accountSid: string,
  ): Promise<DeveloperForOperator> {
    return this.operator.suspend(caller, accountSid);
  }

  /** Ends a developer’s suspension. */
  @Post('developers/:accountSid/resume')
  @HttpCode(200)
  @Allow('operator')
  resume(
    @CurrentCaller() caller: OperatorCaller,
    @Param('accountSid') accountSid: string,
  ): Promise<DeveloperForOperator> {
    return this.operator.resume(caller, accountSid);
  }

  /** Suspends one app: every call is refused with APP_SUSPENDED. */
  @Post('apps/:appId/suspend')
  @HttpCode(200)
  @Allow('operator')
  suspendApp(@CurrentCaller() caller: OperatorCaller, @Param('appId') appId: string): Promise<AppView> {
    return this.operator.suspendApp(caller, appId);
  }

  /** Ends an app’s suspension. */
  @Post('apps/:appId/resume')
  @HttpCode(200)
  @Allow('operator')
  resumeApp(@CurrentCaller() caller: OperatorCaller, @Param('appId') appId: string): Promise<AppView> {
    return this.operator.resumeApp(caller, appId);
  }
}
