import { Body, Controller, Delete, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller, UserCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { LoginDto, VerifyTokenDto } from './dto/session.dto';
import { SessionsService, type LoginAnswer } from './sessions.service';
import { UserTokens, type TokenVerdict } from './user-tokens.service';

@ApiTags('Sessions')
@Controller('v1')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly tokens: UserTokens,
  ) {}

  /** Log in. Fixed mode: account (or userId) and password; arbitrary mode: appToken and userId. */
  @Post('sessions')
  @Allow('anyone')
  login(@Body() login: LoginDto, @Ip() address: string): Promise<LoginAnswer> {
    return this.sessions.login(login, address);
  }

  /** Log out: the token is refused from now on, on every device that used it. */
  @Delete('sessions/current')
  @Allow('user')
  @HttpCode(204)
  logout(@CurrentCaller() caller: UserCaller): Promise<void> {
    return this.sessions.logout(caller);
  }

  /** Another token of the same session, with the app's full life ahead of it. */
  @Post('sessions/current/renew')
  @Allow('user')
  renew(@CurrentCaller() caller: UserCaller): Promise<LoginAnswer> {
    return this.sessions.renew(caller);
  }

  /** What is right or wrong about a user token; a tool for whoever builds on us. */
  @Post('tokens/verify')
  @Allow('app')
  @HttpCode(200)
  verify(@CurrentCaller() caller: AppCaller, @Body() { token }: VerifyTokenDto): Promise<TokenVerdict> {
    return this.tokens.verify(caller, token);
  }
}
