import { Module } from '@nestjs/common';
import { LoadShedding } from '../realtime/load-shedding';
import { HealthController } from './health.controller';
import { MetricsController } from './metrics.controller';
import { Readiness } from './readiness';
import { SideServer } from './side-server';

/** How the process is: health, metrics. (Its log is made in main.ts, before anything else.) */
@Module({
  controllers: [HealthController, MetricsController],
  providers: [Readiness, LoadShedding, SideServer],
  exports: [Readiness, SideServer],
})
export class ObservabilityModule {}
