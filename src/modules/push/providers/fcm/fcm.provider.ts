import { Injectable } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { Settings } from '../../../../platform/config/settings';
import type { OutboundRequest } from '../../../../platform/outbound/outbound-http';
import type { PushChannel, PushNote, PushTarget, StoredCredential } from '../../provider';
import { CredentialReader } from '../credential-reader';
import { OauthChannel, type OauthDialect } from '../oauth-channel';
import { VendorHttp } from '../vendor-http';
import type { Inspected, PushVendor } from '../vendor';
import { readFcm } from './fcm-answers';
import type { FcmCredentialDto } from './fcm-credential.dto';
import { fcmMessage } from './fcm-message';
import type { ServiceAccount } from './service-account';
import { tokenEndpoint, type TokenEndpoint, type TokenEndpointRules } from './token-endpoint';

const FCM = 'https://fcm.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_LIVES_SECONDS = 3600;

/** Firebase Cloud Messaging, HTTP v1. */
@Injectable()
export class FcmProvider implements PushVendor {
  readonly name = 'fcm';
  private readonly rules: TokenEndpointRules;
  private readonly url: string;

  constructor(
    { push, production }: Settings,
    private readonly http: VendorHttp,
    private readonly reader: CredentialReader,
  ) {
    this.rules = { production, ...(push.fcmUrl !== undefined && { fcmUrl: push.fcmUrl }) };
    this.url = (push.fcmUrl ?? FCM).replace(/\/+$/, '');
  }

  inspect(upload: FcmCredentialDto, appPk: number): Promise<Inspected> {
    return this.reader.inspect(appPk, { provider: 'fcm', upload, rules: this.rules });
  }

  /** @throws Error where the settings no longer allow the account's token endpoint */
  open({ content }: StoredCredential): PushChannel {
    const account = content as unknown as ServiceAccount;
    const endpoint = tokenEndpoint(account.tokenUri, this.rules);
    if (typeof endpoint === 'string') throw new Error(`token_uri: ${endpoint}`);
    return new OauthChannel(new FcmDialect(account, endpoint, this.url), this.http);
  }
}

class FcmDialect implements OauthDialect {
  readonly read = readFcm;
  private readonly url: URL;

  constructor(
    private readonly account: ServiceAccount,
    private readonly endpoint: TokenEndpoint,
    base: string,
  ) {
    this.url = new URL(`${base}/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`);
  }

  /** RFC 7523: a statement that the service account signed itself. */
  grant(): OutboundRequest {
    const { clientEmail, privateKey, privateKeyId, tokenUri } = this.account;
    const assertion = jwt.sign({ scope: SCOPE }, privateKey, {
      algorithm: 'RS256',
      issuer: clientEmail,
      audience: tokenUri,
      expiresIn: ASSERTION_LIVES_SECONDS,
      ...(privateKeyId !== undefined && { keyid: privateKeyId }),
    });
    return {
      url: this.endpoint.url,
      publicOnly: this.endpoint.publicOnly,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT_TYPE, assertion }).toString(),
    };
  }

  message(target: PushTarget, note: PushNote, accessToken: string): OutboundRequest {
    return {
      url: this.url,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify(fcmMessage(target, note)),
    };
  }
}
