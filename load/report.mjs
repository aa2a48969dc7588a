/** What a load run found. */

/**
 * @typedef {import('../bench/lib/generator-process.mjs').Latency} Latency
 * @typedef {import('../bench/lib/generator-process.mjs').Totals} Totals
 * @typedef {{ options: import('./options.mjs').LoadOptions, totals: Totals, seconds: number, ack: Latency, delivery: Latency,
 *   fullRate: number }} LoadRun fullRate: acknowledged a second after the ramp
 */

const ms = (/** @type {number | null} */ value) => (value === null ? '–' : value.toFixed(value < 10 ? 2 : 1));
const latency = (/** @type {Latency} */ { p50, p90, p99, max }) =>
  `p50 ${ms(p50)} · p90 ${ms(p90)} · p99 ${ms(p99)} · max ${ms(max)} ms`;

/** @param {LoadRun} run */
export function toJson({ options, totals, seconds, ack, delivery, fullRate }) {
  const { url, users, rate, sizes, durationMs, rampMs } = options;
  const { sent, acked, delivered, refused, unanswered, refusals } = totals;
  return {
    asked: { url, users, rate, sizes, durationSeconds: durationMs / 1000, rampSeconds: rampMs / 1000 },
    sent,
    acknowledged: acked,
    delivered,
    refused,
    refusals,
    unanswered,
    seconds,
    ratePerSecond: fullRate,
    ackMs: ack,
    deliveryMs: delivery,
  };
}

/** @param {LoadRun} run */
export function toText({ options, totals, ack, delivery, fullRate }) {
  const { sent, acked, delivered, refused, unanswered, refusals } = totals;
  const codes = Object.entries(refusals).map(([code, times]) => `${code} ${times}`);
  const lines = [
    `${options.users} users · ${options.rate} messages/s asked · ${fullRate.toFixed(1)}/s acknowledged at full rate`,
    `sent ${sent} · acknowledged ${acked} · delivered ${delivered} · refused ${refused} · unanswered ${unanswered}`,
    `acknowledgement  ${latency(ack)}`,
    `send to receiver ${latency(delivery)}`,
  ];
  if (codes.length > 0) lines.push(`refusals: ${codes.join(', ')}`);
  if (delivered < acked)
    lines.push(
      `${acked - delivered} acknowledged messages did not come live; they are stored, and a client would pull them.`,
    );
  if (fullRate < options.rate * 0.95 && refused === 0)
    lines.push('The rate was not reached: the deployment, or the machine that runs this, is exhausted.');
  return lines.join('\n');
}
