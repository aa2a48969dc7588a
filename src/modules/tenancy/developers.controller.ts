import { Body, Controller, Get, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { DeveloperCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../platform/entry/http/idempotency.interceptor';
import { TakesPassword } from '../../platform/entry/http/route-marks';
import type { DeveloperView } from './developer-view';
import { DevelopersService, type DeveloperWithToken } from './developers.service';
import { SignUpDto, VerificationDto } from './dto/developer.dto';

@ApiTags('Developers')
@Controller('v1/developers')
export class DevelopersController {
  constructor(private readonly developers: DevelopersService) {}

  /** Signs a developer up; the auth token is in the answer. */
  @Post()
  @Allow('anyone')
  signUp(@Body() who: SignUpDto, @Ip() address: string): Promise<DeveloperWithToken> {
    return this.developers.signUp(who, address);
  }

  /** The calling developer, with plan and quotas. */
  @Get('me')
  @Allow('developer')
  me(@CurrentCaller() caller: DeveloperCaller): Promise<DeveloperView> {
    return this.developers.me(caller);
  }

  /** Asks the operator for verification. */
  @Post('me/verification')
  @HttpCode(200)
  @Allow('developer')
  requestVerification(
    @CurrentCaller() caller: DeveloperCaller,
    @Body() asked: VerificationDto,
  ): Promise<DeveloperView> {
    return this.developers.requestVerification(caller, asked);
  }

  /** The auth token, shown again. */
  @Get('me/auth-token')
  @Allow('developer')
  authToken(@CurrentCaller() caller: DeveloperCaller): Promise<{ accountSid: string; authToken: string }> {
    return this.developers.authToken(caller);
  }

  /** A new auth token; the one before ends at once. Who lost it comes in with `email:password`. */
  @Post('me/auth-token')
  @Allow('developer')
  @TakesPassword()
  @Idempotent()
  rotateAuthToken(@CurrentCaller() caller: DeveloperCaller): Promise<DeveloperWithToken> {
    return this.developers.rotateAuthToken(caller);
  }
}
