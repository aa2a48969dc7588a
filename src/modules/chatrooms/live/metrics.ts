import { Counter, Gauge, register } from 'prom-client';
import type { Priority } from '../../../kernel/contracts/message';

const refusals = new Counter({
  name: 'parley_room_refusals_total',
  help: 'Messages refused because their room took no more of their priority',
  labelNames: ['priority'] as const,
});

/** Metrics of rooms. */
export const roomMetrics = {
  refused(priority: Priority): void {
    refusals.labels(priority).inc();
  },

  watchRooms(rooms: () => number): void {
    const name = 'parley_rooms';
    register.removeSingleMetric(name);
    new Gauge({
      name,
      help: 'Rooms that somebody is in on this node',
      collect() {
        this.set(rooms());
      },
    });
  },
};
