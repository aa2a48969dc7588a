import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { Settings } from '../../platform/config/settings';
import type { App } from '../tenancy';

/** Where clients connect: what the app says, else what the deployment says, else where this process listens. */
@Injectable()
export class Endpoints {
  constructor(
    private readonly settings: Settings,
    private readonly adapter: HttpAdapterHost,
  ) {}

  of(app: App): readonly string[] {
    const { endpoints, publicUrl } = this.settings.http;
    const given: readonly string[] = app.settings.endpoints?.length ? app.settings.endpoints : endpoints;
    return given.length > 0 ? given : [publicUrl ?? this.listening()];
  }

  private listening(): string {
    const { host, port } = this.settings.http;
    // Port 0 is "any free one": only the server knows which it became.
    const server = this.adapter.httpAdapter?.getHttpServer() as Server | undefined;
    const address = server?.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    const everywhere = host === '0.0.0.0' || host === '::';
    return `http://${everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${bound}`;
  }
}
