import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Allow } from '../entry/allow.decorator';
import type { HttpReply } from '../entry/http/exchange';
import { Rate } from '../entry/http/route-marks';
import { Readiness, type ReadinessReport } from './readiness';

@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** 200 as long as the process turns: restart it when this fails. */
  @Get('live')
  @Allow('anyone')
  @Rate('none')
  live(): { live: true } {
    return { live: true };
  }

  /** 200 while messages can be stored, else 503: send it no work meanwhile. */
  @Get('ready')
  @Allow('anyone')
  @Rate('none')
  async ready(@Res({ passthrough: true }) reply: HttpReply): Promise<ReadinessReport> {
    const report = await this.readiness.check();
    if (!report.ready) void reply.status(503);
    return report;
  }
}
