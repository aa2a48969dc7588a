import { Body, Controller, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller } from '../../../../kernel/caller';
import { Allow } from '../../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../../platform/entry/current-caller.decorator';
import type { PushCredentialView } from '../../credentials/push-credential-view';
import { PushCredentials } from '../../credentials/push-credentials.service';
import { ApnsCredentialDto } from './apns-credential.dto';

@ApiTags('Push')
@Controller('v1/push/credentials')
export class ApnsCredentialController {
  constructor(private readonly credentials: PushCredentials) {}

  /** Takes what the app pushes with through Apple, in place of what it had; checked before it is kept, sealed afterwards. */
  @Put('apns')
  @Allow('app')
  upload(@CurrentCaller() caller: AppCaller, @Body() upload: ApnsCredentialDto): Promise<PushCredentialView> {
    return this.credentials.upload(caller, 'apns', upload);
  }
}
