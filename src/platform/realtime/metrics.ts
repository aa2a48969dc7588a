import { Counter, Gauge, Histogram } from 'prom-client';

/** Counted as plain numbers on the hot path and turned into metrics only when somebody reads them. */
export const counts = {
  connections: 0,
  laggingSockets: 0,
  laggingClosed: 0,
  liveFrames: 0,
  liveFramesHeldBack: 0,
  liveMessagesFolded: 0,
  closedFor: new Map<string, number>(),
  handshakes: new Map<string, number>(),
  events: new Map<string, number>(),
  refused: new Map<string, number>(),
  bus: new Map<string, number>(),
};

export const count = (map: Map<string, number>, label: string, by = 1): void => {
  map.set(label, (map.get(label) ?? 0) + by);
};

const counter = (name: string, help: string, read: () => number): Counter =>
  new Counter({
    name,
    help,
    collect() {
      this.reset();
      this.inc(read());
    },
  });

const labelled = (name: string, help: string, label: string, map: Map<string, number>): Counter =>
  new Counter({
    name,
    help,
    labelNames: [label],
    collect() {
      this.reset();
      for (const [value, total] of map) this.inc({ [label]: value }, total);
    },
  });

const gauge = (name: string, help: string, read: () => number): Gauge =>
  new Gauge({
    name,
    help,
    collect() {
      this.set(read());
    },
  });

const fanOut = new Histogram({
  name: 'parley_fanout_seconds',
  help: 'Fan-out lag: from COMMIT to the sockets of this node; over the bus by the clocks of both nodes',
  labelNames: ['way'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});
export const fanOutHere = fanOut.labels('local');
export const fanOutByBus = fanOut.labels('bus');

/** On the default registry, which /metrics serves. */
export const METRICS = [
  gauge('parley_connections', 'Sockets of this process', () => counts.connections),
  gauge('parley_lagging_sockets', 'Sockets whose live frames are held back', () => counts.laggingSockets),
  counter('parley_slow_consumers_closed_total', 'Sockets closed because they did not read', () => counts.laggingClosed),
  counter('parley_live_frames_total', 'Events written to sockets', () => counts.liveFrames),
  counter('parley_live_frames_held_back_total', 'Events not written: socket lagging', () => counts.liveFramesHeldBack),
  counter(
    'parley_live_messages_folded_total',
    'Messages of conversations with too much waiting: told as a tip',
    () => counts.liveMessagesFolded,
  ),
  labelled('parley_sockets_closed_total', 'Sockets closed for what they sent, by code', 'code', counts.closedFor),
  labelled('parley_handshakes_total', 'Handshakes by outcome', 'outcome', counts.handshakes),
  labelled('parley_socket_events_total', 'Client events by name', 'event', counts.events),
  labelled('parley_socket_refusals_total', 'Client events refused, by code', 'code', counts.refused),
  labelled(
    'parley_bus_total',
    'Bus: frames published, received, dropped (Redis away or stalled), failed (writes that Redis refused); batches ' +
      'forged; gap:hole, gap:silence, gap:reconnect, gap:flushed (frames may be missing, clients are told to sync); rows ' +
      'fallback:written, fallback:read (what Redis did not carry went through the database)',
    'what',
    counts.bus,
  ),
];
