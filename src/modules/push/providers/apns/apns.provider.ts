import { Injectable } from '@nestjs/common';
import { X509Certificate } from 'node:crypto';
import { Settings } from '../../../../platform/config/settings';
import { trustedRoots } from '../../../../platform/outbound/trusted-roots';
import type { ProviderAnswer, PushChannel, PushNote, PushTarget, StoredCredential } from '../../provider';
import { CredentialReader } from '../credential-reader';
import type { Inspected, PushVendor } from '../vendor';
import { readApns } from './apns-answers';
import { ApnsClient, type ApnsClientOptions } from './apns-client';
import type { ApnsContent } from './apns-credential';
import type { ApnsCredentialDto } from './apns-credential.dto';
import { apnsNotification } from './apns-notification';

/** Apple's own, by environment. */
const URLS = { production: 'https://api.push.apple.com', development: 'https://api.sandbox.push.apple.com' };

/** Apple Push Notification service, by token (.p8) and by certificate. */
@Injectable()
export class ApnsProvider implements PushVendor {
  readonly name = 'apns';
  private readonly common: Pick<ApnsClientOptions, 'ca' | 'timeoutMs'>;
  private readonly standIn?: string;

  constructor(
    { push }: Settings,
    private readonly reader: CredentialReader,
  ) {
    this.common = {
      timeoutMs: push.timeoutMs,
      ca: trustedRoots(push.ca),
    };
    this.standIn = push.apnsUrl;
  }

  inspect(upload: ApnsCredentialDto, appPk: number): Promise<Inspected> {
    return this.reader.inspect(appPk, { provider: 'apns', upload });
  }

  /** @throws Error where the certificate expired */
  open({ content }: StoredCredential): PushChannel {
    const stored = content as unknown as ApnsContent;
    const credential =
      stored.kind === 'token'
        ? { token: { key: stored.key, keyId: stored.keyId, teamId: stored.teamId } }
        : { cert: stored.certificate, key: stored.key };
    if (credential.cert !== undefined) assertNotExpired(credential.cert);
    const url = new URL(this.standIn ?? URLS[stored.environment]);
    return new ApnsChannel(new ApnsClient({ ...this.common, credential, url }), stored.topic);
  }
}

function assertNotExpired(certificate: string): void {
  const { validTo } = new X509Certificate(certificate);
  if (Date.parse(validTo) <= Date.now()) throw new Error(`the certificate expired at ${validTo}`);
}

class ApnsChannel implements PushChannel {
  constructor(
    private readonly client: ApnsClient,
    private readonly topic: string,
  ) {}

  async send({ token }: PushTarget, note: PushNote): Promise<ProviderAnswer> {
    return readApns(await this.client.send(apnsNotification(note, this.topic), token));
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
