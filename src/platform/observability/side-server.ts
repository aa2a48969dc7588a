import { createServer, type Server, type ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { readMetrics } from './metrics';
import { Readiness } from './readiness';

/** Health and metrics on a port of their own: for workers, which serve nothing else, and where METRICS_PORT is set. */
@Injectable()
export class SideServer implements OnApplicationShutdown {
  private server?: Server;

  constructor(private readonly readiness: Readiness) {}

  /** Answers the port, which is of interest when 0 was asked for. */
  async listen(port: number, host: string): Promise<number> {
    const server = createServer((request, response) => {
      this.answer(request.method ?? '', request.url ?? '', response).catch(() =>
        send(response, 500, 'text/plain', 'failed'),
      );
    });
    this.server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private async answer(method: string, url: string, response: ServerResponse): Promise<void> {
    if (method !== 'GET') return send(response, 405, 'text/plain', 'GET only');
    switch (url.split('?')[0]) {
      case '/health/live':
        return send(response, 200, 'application/json', JSON.stringify({ live: true }));
      case '/health/ready': {
        const report = await this.readiness.check();
        return send(response, report.ready ? 200 : 503, 'application/json', JSON.stringify(report));
      }
      case '/metrics': {
        const { type, text } = await readMetrics();
        return send(response, 200, type, text);
      }
      default:
        return send(response, 404, 'text/plain', 'no such path');
    }
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}
