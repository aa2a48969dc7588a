import { Body, Controller, Delete, Get, HttpCode, Ip, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller, TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../platform/entry/http/idempotency.interceptor';
import { StatusFrom } from '../../platform/entry/http/route-marks';
import { Checked } from '../../platform/entry/http/shape.pipe';
import { PageQuery } from '../../platform/entry/page-query';
import { BATCH_MAX, oneOrMany } from './dto/one-or-many';
import { ChangePasswordDto, IssueTokenDto } from './dto/session.dto';
import { CreateUserDto, PatchUserDto } from './dto/user.dto';
import { SessionsService } from './sessions.service';
import { Users } from './users.service';

@ApiTags('Users')
@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly sessions: SessionsService,
  ) {}

  /** Make one user (201), or up to 100 at once (200, with an answer for each). */
  @Post()
  @Allow('app')
  @Idempotent()
  @StatusFrom((made: object) => ('items' in made ? 200 : 201))
  create(
    @CurrentCaller() caller: AppCaller,
    @Body(new Checked(oneOrMany, CreateUserDto, BATCH_MAX)) wanted: CreateUserDto | unknown[],
  ) {
    return this.users.create(caller, wanted);
  }

  /** The users of the app, in the order of their ids. */
  @Get()
  @Allow('app')
  list(@CurrentCaller() caller: AppCaller, @Query() query: PageQuery) {
    return this.users.list(caller, query);
  }

  /** Everything to the app's server, its own profile to a user, the public part to others. */
  @Get(':userId')
  @Allow('app', 'user')
  get(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string) {
    return this.users.get(caller, userId);
  }

  /** Changes a profile: a user its own, the app’s server any. */
  @Patch(':userId')
  @Allow('app', 'user')
  change(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string, @Body() patch: PatchUserDto) {
    return this.users.change(caller, userId, patch);
  }

  /** Deletes a user and what it holds alone. Its id, used again, inherits nothing; what it sent stays with those who read it. */
  @Delete(':userId')
  @Allow('app')
  @HttpCode(204)
  remove(@CurrentCaller() caller: AppCaller, @Param('userId') userId: string): Promise<void> {
    return this.users.remove(caller, userId);
  }

  /** Logs the user out everywhere and refuses its logins; what others send waits for it. */
  @Post(':userId/deactivate')
  @Allow('app')
  @HttpCode(200)
  deactivate(@CurrentCaller() caller: AppCaller, @Param('userId') userId: string) {
    return this.users.deactivate(caller, userId);
  }

  /** Lets a deactivated user log in again. */
  @Post(':userId/activate')
  @Allow('app')
  @HttpCode(200)
  activate(@CurrentCaller() caller: AppCaller, @Param('userId') userId: string) {
    return this.users.activate(caller, userId);
  }

  /** A token for the user, made by the app's own server. */
  @Post(':userId/tokens')
  @Allow('app')
  @Idempotent()
  issue(@CurrentCaller() caller: AppCaller, @Param('userId') userId: string, @Body() { ttlSeconds }: IssueTokenDto) {
    return this.sessions.issue(caller, userId, ttlSeconds);
  }

  /** The logins of a user that stand, each with its device. */
  @Get(':userId/sessions')
  @Allow('app', 'user')
  sessionsOf(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string, @Query() query: PageQuery) {
    return this.sessions.list(caller, userId, query);
  }

  /** Ends all logins: their tokens are refused at once, their sockets are told `revoked` and closed. */
  @Delete(':userId/sessions')
  @Allow('app', 'user')
  @HttpCode(204)
  revokeAll(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string): Promise<void> {
    return this.sessions.revoke(caller, userId);
  }

  /** Ends one login, as ending all does. */
  @Delete(':userId/sessions/:sessionId')
  @Allow('app', 'user')
  @HttpCode(204)
  revoke(
    @CurrentCaller() caller: TenantCaller,
    @Param('userId') userId: string,
    @Param('sessionId') sessionId: string,
  ): Promise<void> {
    return this.sessions.revoke(caller, userId, sessionId);
  }

  /** Changes a password, in fixed mode. A user gives its old one; the app's server need not. Other logins end. */
  @Put(':userId/password')
  @Allow('app', 'user')
  @HttpCode(204)
  changePassword(
    @CurrentCaller() caller: TenantCaller,
    @Param('userId') userId: string,
    @Body() change: ChangePasswordDto,
    @Ip() address: string,
  ): Promise<void> {
    return this.sessions.changePassword(caller, userId, change, address);
  }
}
