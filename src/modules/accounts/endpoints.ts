import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings';
import type { App } from '../tenancy';

/**
 * Where clients connect: what the app says, else what the deployment says. Empty where nobody said anything: the address
 * that a client was given is the only one known to reach this process.
 */
@Injectable()
export class Endpoints {
  constructor(private readonly settings: Settings) {}

  of(app: App): readonly string[] {
    const { endpoints, publicUrl } = this.settings.http;
    if (app.settings.endpoints?.length) return app.settings.endpoints;
    return endpoints.length > 0 || publicUrl === undefined ? endpoints : [publicUrl];
  }
}
