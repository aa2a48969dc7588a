import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { Allow } from '../entry/allow.decorator';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { Rate } from '../entry/http/route-marks';
import { sameSecret } from '../secrets/keys';
import { readMetrics } from './metrics';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Metrics on the main port are for this machine and for the operator; to everybody else the path does not exist. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly settings: Settings) {}

  /** Everything measured, as Prometheus reads it. To this machine and to the operator. */
  @Get()
  @Allow('anyone')
  @Rate('none')
  async metrics(@Req() request: HttpRequest, @Res({ passthrough: true }) reply: HttpReply): Promise<string> {
    if (this.settings.http.metricsPort > 0 || !this.mayRead(request)) throw new AppError('ROUTE_NOT_FOUND');
    const { type, text } = await readMetrics();
    void reply.type(type);
    return text;
  }

  private mayRead({ raw, headers }: HttpRequest): boolean {
    const { operatorToken } = this.settings.security;
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (operatorToken !== undefined && given !== undefined) return sameSecret(given, operatorToken);
    // What a proxy on this machine hands on comes from loopback, but not from this machine.
    const proxied = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
    return !proxied && LOOPBACK.test(raw.socket.remoteAddress ?? '');
  }
}
