import { Counter, Histogram, register } from 'prom-client';
import type { DeliveryStatus } from './push-delivery.entity';

const counter = (name: string, help: string, labelNames: string[]): Counter =>
  (register.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, labelNames });

const sent = counter('parley_push_sent_total', 'Pushes that a provider took', []);
const suppressed = counter('parley_push_suppressed_total', 'Recipients and devices without a push, by reason', [
  'reason',
]);
const failed = counter('parley_push_failed_total', 'Pushes given up, by reason', ['reason']);
const answers = counter('parley_push_answers_total', 'What providers answered', ['provider', 'outcome']);
const answerSeconds =
  (register.getSingleMetric('parley_push_answer_seconds') as Histogram | undefined) ??
  new Histogram({
    name: 'parley_push_answer_seconds',
    help: 'Time that providers take to answer',
    labelNames: ['provider'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });

/** `refused: BadDeviceToken` counts as `refused`: vendors' words are without number. */
const kindOf = (reason: string | undefined): string => reason?.split(':', 1)[0] ?? 'unknown';

export const pushMetrics = {
  ended(status: DeliveryStatus, reason: string | undefined): void {
    if (status === 'sent') sent.inc();
    else if (status === 'suppressed') suppressed.inc({ reason: kindOf(reason) });
    else failed.inc({ reason: kindOf(reason) });
  },
  answered(provider: string, outcome: string, seconds: number): void {
    answers.inc({ provider, outcome });
    answerSeconds.observe({ provider }, seconds);
  },
};
