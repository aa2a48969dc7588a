import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import type { PushCredentialView } from './push-credential-view';
import { PushCredentials } from './push-credentials.service';

/** Each vendor brings its own `PUT`: what it takes is its own. */
@ApiTags('Push')
@Controller('v1/push/credentials')
export class PushCredentialsController {
  constructor(private readonly credentials: PushCredentials) {}

  /** What the app pushes with, one for each vendor; never a secret. */
  @Get()
  @Allow('app')
  list(@CurrentCaller() caller: AppCaller): Promise<{ items: PushCredentialView[] }> {
    return this.credentials.list(caller);
  }

  /** What the app pushes with through one vendor, and whether the vendor still takes it. */
  @Get(':provider')
  @Allow('app')
  get(@CurrentCaller() caller: AppCaller, @Param('provider') provider: string): Promise<PushCredentialView> {
    return this.credentials.get(caller, provider);
  }

  /** Forgets a credential; devices of this vendor are pushed no more. */
  @Delete(':provider')
  @Allow('app')
  @HttpCode(204)
  remove(@CurrentCaller() caller: AppCaller, @Param('provider') provider: string): Promise<void> {
    return this.credentials.remove(caller, provider);
  }
}
