import { Body, Controller, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../../../kernel/caller';
import { Allow } from '../../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../../platform/entry/current-caller.decorator';
import type { PushCredentialView } from '../../credentials/push-credential-view';
import { PushCredentials } from '../../credentials/push-credentials.service';
import { FcmCredentialDto } from './fcm-credential.dto';

@ApiTags('Push')
@Controller('v1/push/credentials')
export class FcmCredentialController {
  constructor(private readonly credentials: PushCredentials) {}

  /** Takes what the app pushes with through Google, in place of what it had; checked before it is kept, sealed afterwards. */
  @Put('fcm')
  @Allow('app')
  upload(@CurrentCaller() caller: AppCaller, @Body() upload: FcmCredentialDto): Promise<PushCredentialView> {
    return this.credentials.upload(caller, 'fcm', upload);
  }
}
