import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { DeveloperCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../platform/entry/http/idempotency.interceptor';
import { PageQuery, type Page } from '../../platform/entry/page-query';
import type { AppWithSecret, AppWithToken, RotatedSecret, RotatedToken } from './app-view';
import { AppsService } from './apps.service';
import { ChangeAppDto, CreateAppDto, RotateSecretDto } from './dto/app.dto';

@ApiTags('Apps')
@Controller('v1/apps')
export class AppsController {
  constructor(private readonly apps: AppsService) {}

  /** Makes an app, offline at first. Its secret is shown here and never again. */
  @Post()
  @Allow('developer')
  @Idempotent()
  create(@CurrentCaller() caller: DeveloperCaller, @Body() wanted: CreateAppDto): Promise<AppWithSecret> {
    return this.apps.create(caller, wanted);
  }

  /** The developer’s own apps. */
  @Get()
  @Allow('developer')
  list(@CurrentCaller() caller: DeveloperCaller, @Query() query: PageQuery): Promise<Page<AppWithToken>> {
    return this.apps.list(caller, query);
  }

  /** One of the developer’s own apps. */
  @Get(':appId')
  @Allow('developer')
  get(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<AppWithToken> {
    return this.apps.get(caller, appId);
  }

  /** Changes the name and any part of the settings; what is left out stays. */
  @Patch(':appId')
  @Allow('developer')
  change(
    @CurrentCaller() caller: DeveloperCaller,
    @Param('appId') appId: string,
    @Body() change: ChangeAppDto,
  ): Promise<AppWithToken> {
    return this.apps.change(caller, appId, change);
  }

  /** Deletes an app; its credentials and all its sessions end. */
  @Delete(':appId')
  @Allow('developer')
  @HttpCode(204)
  remove(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<void> {
    return this.apps.remove(caller, appId);
  }

  /** Opens the app to its server and users; the first time its developer must be verified. */
  @Post(':appId/online')
  @Allow('developer')
  @HttpCode(200)
  goOnline(@CurrentCaller() caller: DeveloperCaller, @Param('appId') appId: string): Promise<AppWithToken> {
    return this.apps.goOnline(caller, appId);
  }

  /** Closes it: every call is refused with APP_NOT_ONLINE. */
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

  /** A new app secret; the one before stays good for a while. */
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

  /** A new login key for the clients of an arbitrary-mode app; the one before stays good for a while. */
  @Post(':appId/app-token')
  @Allow('developer')
  @Idempotent()
  rotateToken(
    @CurrentCaller() caller: DeveloperCaller,
    @Param('appId') appId: string,
    @Body() rotation: RotateSecretDto,
  ): Promise<RotatedToken> {
    return this.apps.rotateToken(caller, appId, rotation);
  }
}
