import { Global, Module } from '@nestjs/common';
import { BullMqJobQueue } from './bullmq-job-queue';
import { Housekeeping } from './housekeeping';
import { JobQueue } from './job-queue';
import { Outbox } from './outbox';
import { OutboxRelay } from './outbox-relay';
import { QueueMetrics } from './queue-metrics';
import { QueueRedis } from './queue-redis';
import { WorkerHost } from './worker-host';

/** Work after the answer: what is owed, who does it, and what is thrown away in the end. */
@Global()
@Module({
  providers: [
    QueueRedis,
    BullMqJobQueue,
    { provide: JobQueue, useExisting: BullMqJobQueue },
    WorkerHost,
    Outbox,
    OutboxRelay,
    Housekeeping,
    QueueMetrics,
  ],
  exports: [JobQueue, WorkerHost, Outbox, OutboxRelay, Housekeeping, QueueRedis],
})
export class QueuesModule {}
