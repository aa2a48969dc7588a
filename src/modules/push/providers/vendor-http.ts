import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { OutboundHttp } from '../../../platform/outbound/outbound-http';
import { trustedRoots } from '../../../platform/outbound/trusted-roots';

/** HTTPS to push vendors: PUSH_CA is trusted, PUSH_TIMEOUT_MS waited for. */
@Injectable()
export class VendorHttp extends OutboundHttp implements OnApplicationShutdown {
  constructor({ push }: Settings) {
    super({ timeoutMs: push.timeoutMs, ca: trustedRoots(push.ca) });
  }

  onApplicationShutdown(): void {
    this.close();
  }
}
