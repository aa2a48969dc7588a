import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings';
import type { OutboundRequest } from '../../../../platform/outbound/outbound-http';
import type { PushChannel, PushNote, PushTarget, StoredCredential } from '../../provider';
import { OauthChannel, type OauthDialect } from '../oauth-channel';
import { VendorHttp } from '../vendor-http';
import type { Inspected, PushVendor } from '../vendor';
import { readHuawei } from './huawei-answers';
import type { HuaweiCredentialDto } from './huawei-credential.dto';
import { huaweiMessage } from './huawei-message';

const OAUTH = 'https://oauth-login.cloud.huawei.com';
const PUSH = 'https://push-api.cloud.huawei.com';

/** Huawei Push Kit. */
@Injectable()
export class HuaweiProvider implements PushVendor {
  readonly name = 'huawei';
  private readonly oauth: string;
  private readonly push: string;

  constructor(
    { push: { huaweiUrl } }: Settings,
    private readonly http: VendorHttp,
  ) {
    // Huawei has two hosts; what stands in for them is one.
    const [oauth, push] = huaweiUrl === undefined ? [OAUTH, PUSH] : [huaweiUrl, huaweiUrl];
    this.oauth = oauth.replace(/\/+$/, '');
    this.push = push.replace(/\/+$/, '');
  }

  inspect({ appId, clientId, clientSecret, badgeClass }: HuaweiCredentialDto): Inspected {
    const badge = { ...(badgeClass !== undefined && { badgeClass }) };
    return { content: { appId, clientId, clientSecret, ...badge }, found: { appId, clientId, ...badge } };
  }

  open({ content }: StoredCredential): PushChannel {
    const credential = content as unknown as HuaweiCredentialDto;
    return new OauthChannel(new HuaweiDialect(credential, this.oauth, this.push), this.http);
  }
}

class HuaweiDialect implements OauthDialect {
  readonly read = readHuawei;
  private readonly grantUrl: URL;
  private readonly sendUrl: URL;

  constructor(
    private readonly credential: HuaweiCredentialDto,
    oauth: string,
    push: string,
  ) {
    this.grantUrl = new URL(`${oauth}/oauth2/v3/token`);
    this.sendUrl = new URL(`${push}/v1/${credential.appId}/messages:send`);
  }

  grant(): OutboundRequest {
    const { clientId, clientSecret } = this.credential;
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    return {
      url: this.grantUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    };
  }

  message(target: PushTarget, note: PushNote, accessToken: string): OutboundRequest {
    return {
      url: this.sendUrl,
      headers: { 'content-type': 'application/json; charset=UTF-8', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify(huaweiMessage(target, note, this.credential.badgeClass)),
    };
  }
}
