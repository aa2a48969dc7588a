import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings';
import { trustedRoots } from '../../../../platform/outbound/trusted-roots';
import type { ProviderAnswer, PushChannel, PushNote, PushTarget, StoredCredential } from '../../provider';
import type { Inspected, PushVendor } from '../vendor';
import { readApns } from './apns-answers';
import { ApnsClient, type ApnsClientOptions } from './apns-client';
import { inspectApns, type ApnsContent } from './apns-credential';
import type { ApnsCredentialDto } from './apns-credential.dto';
import { apnsNotification } from './apns-notification';

/** Apple's hosts by environment. */
const HOSTS = { production: 'api.push.apple.com', development: 'api.sandbox.push.apple.com' };

/** Apple Push Notification service, by token (.p8) and by certificate. */
@Injectable()
export class ApnsProvider implements PushVendor {
  readonly name = 'apns';
  private readonly common: Pick<ApnsClientOptions, 'standIn' | 'ca' | 'timeoutMs'>;

  constructor({ push }: Settings) {
    this.common = {
      timeoutMs: push.timeoutMs,
      ...(push.apnsUrl !== undefined && { standIn: new URL(push.apnsUrl) }),
      ca: trustedRoots(push.ca),
    };
  }

  inspect(upload: ApnsCredentialDto): Inspected {
    return inspectApns(upload);
  }

  /** @throws Error where node-apn finds the certificate expired */
  open({ content }: StoredCredential): PushChannel {
    const stored = content as unknown as ApnsContent;
    const credential =
      stored.kind === 'token'
        ? { token: { key: stored.key, keyId: stored.keyId, teamId: stored.teamId } }
        : { cert: stored.certificate, key: stored.key };
    return new ApnsChannel(
      new ApnsClient({ ...this.common, credential, host: HOSTS[stored.environment] }),
      stored.topic,
    );
  }
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
