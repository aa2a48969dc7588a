import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { Allow } from '../entry/allow.decorator';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { Rate } from '../entry/http/route-marks';
import { OperatorToken } from '../entry/operator-token';
import { readMetrics } from './metrics';

/** The same whether a token is missing or wrong, and whether there is a port of its own. */
const NOT_HERE =
  'There is nothing here without Authorization: Bearer OPERATOR_TOKEN, and with METRICS_PORT set metrics are on that port alone.';

/**
 * Metrics on the main port are the operator's; to everybody else the path does not exist. Where a call comes from proves
 * nothing: a proxy on this machine that adds no header looks like this machine. METRICS_PORT opens them without a token.
 */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly settings: Settings,
    private readonly operator: OperatorToken,
  ) {}

  /** Everything measured, as Prometheus reads it. To the operator. */
  @Get()
  @Allow('anyone')
  @Rate('none')
  async metrics(@Req() request: HttpRequest, @Res({ passthrough: true }) reply: HttpReply): Promise<string> {
    if (this.settings.http.metricsPort > 0 || !(await this.mayRead(request)))
      throw new AppError('ROUTE_NOT_FOUND', { message: NOT_HERE });
    const { type, text } = await readMetrics();
    void reply.type(type);
    return text;
  }

  private async mayRead({ ip, headers }: HttpRequest): Promise<boolean> {
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && this.operator.isRight(given, ip);
  }
}
