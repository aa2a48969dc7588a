import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { DeveloperCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../platform/entry/http/idempotency.interceptor';
import { PageQuery, type Page } from '../../platform/entry/page-query';
import type { AppWithSecret, AppWithToken, RotatedSecret } from './app-view';
import { AppsService } from './apps.service';
import { ChangeAppDto, CreateAppDto, RotateSecretDto } from './dto/app.dto';

@ApiTags('Apps')
@Controller('v1/apps')
export class AppsController {
  constructor(private readonly apps: AppsService) {}

  @Post()
  @Allow('developer')
  @Idempotent()
  create(@CurrentCaller() caller: DeveloperCaller, @Body() wanted: CreateAppDto): Promise<AppWithSecret> {
    return this.apps.create(caller, wanted);
  }

  @Get()
  @Allow('developer')
  list(@CurrentCaller() caller: DeveloperCaller, @Query() query: PageQuery): Promise<Page<AppWithToken>> {
    return this.apps.list(caller, query);
  }

  @Get(':appId')
  @Allow('developer')
  get(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<AppWithToken> {
    return this.apps.get(caller, appId);
  }

  @Patch(':appId')
  @Allow('developer')
  change(
    @CurrentCaller() caller: DeveloperCaller,
    @Param('appId') appId: string,
    @Body() change: ChangeAppDto,
  ): Promise<AppWithToken> {
    return this.apps.change(caller, appId, change);
  }

  @Delete(':appId')
  @Allow('developer')
  @HttpCode(204)
  remove(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<void> {
    return this.apps.remove(caller, appId);
  }

  @Post(':appId/online')
  @Allow('developer')
  @HttpCode(200)
  goOnline(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<AppWithToken> {
    return this.apps.goOnline(caller, appId);
  }

  @Post(':appId/offline')
  @Allow('developer')
  @HttpCode(200)
  goOffline(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<AppWithToken> {
    return this.apps.goOffline(caller, appId);
  }

  /** Logs every user out: all tokens issued so far are refused, all sockets get `session:kicked` and are closed. */
  @Delete(':appId/sessions')
  @Allow('developer')
  @HttpCode(204)
  endSessions(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<void> {
    return this.apps.endSessions(caller, appId);
  }

  @Post(':appId/secrets')
  @Allow('developer')
  @Idempotent()
  rotateSecret(
    @CurrentCaller() caller: DeveloperCaller,
    @Param('appId') appId: string,
    @Body() rotation: RotateSecretDto,
  ): Promise<RotatedSecret> {
    return this.apps.rotateSecret(caller, appId, rotation);
  }
}
