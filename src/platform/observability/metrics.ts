import { collectDefaultMetrics, Histogram, register } from 'prom-client';

/** Node's own metrics (event-loop lag, memory, GC) and the duration of REST calls. */
const HTTP_SECONDS = 'parley_http_seconds';

type Timer = (seconds: number) => void;

/** Called once a process; a second start in one process (tests) finds them there. */
export function startMetrics(): void {
  if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();
}

const histogram = (): Histogram =>
  (register.getSingleMetric(HTTP_SECONDS) as Histogram | undefined) ??
  new Histogram({
    name: HTTP_SECONDS,
    help: 'Duration of REST calls by route and status class',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  });

/** A histogram looked up once per route and status class, not once per call. */
export class HttpTimings {
  private readonly timers = new Map<string, Timer>();
  private readonly histogram = histogram();

  observe(method: string, route: string, status: number, seconds: number): void {
    const key = `${method} ${route} ${status - (status % 100)}`;
    let timer = this.timers.get(key);
    if (!timer) {
      const labelled = this.histogram.labels(method, route, `${Math.floor(status / 100)}xx`);
      timer = (value) => labelled.observe(value);
      this.timers.set(key, timer);
    }
    timer(seconds);
  }
}

export const readMetrics = async (): Promise<{ type: string; text: string }> => ({
  type: register.contentType,
  text: await register.metrics(),
});
