export interface BreakerOptions {
  /** Failures in a row that open it. */
  failures: number;
  /** How long it stays open the first time; doubled each time up to `maxMs`. */
  baseMs: number;
  maxMs: number;
  /** How many may try at once when that time is over. */
  probes: number;
}

interface Circuit {
  failed: number;
  trips: number;
  /** Monotonic milliseconds; 0 while closed. */
  openUntil: number;
  probing: number;
}

/** Stops calling who does not answer, by key: after a pause a few try, and one answer lets all in again. */
export class Breaker {
  private readonly circuits = new Map<string, Circuit>();

  constructor(
    private readonly options: BreakerOptions,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** 0: go ahead, and say afterwards how it went. Else how long to wait. */
  admit(key: string): number {
    const circuit = this.circuits.get(key);
    if (!circuit || circuit.openUntil === 0) return 0;
    const left = circuit.openUntil - this.now();
    if (left > 0) return Math.ceil(left);
    if (circuit.probing >= this.options.probes) return this.options.baseMs;
    circuit.probing++;
    return 0;
  }

  succeeded(key: string): void {
    this.circuits.delete(key);
  }

  /** `afterMs`: what whoever refused asked for. */
  failed(key: string, afterMs = 0): void {
    const circuit = this.circuits.get(key) ?? { failed: 0, trips: 0, openUntil: 0, probing: 0 };
    this.circuits.set(key, circuit);
    circuit.failed++;
    const probed = circuit.openUntil > 0 && this.now() >= circuit.openUntil;
    if (!probed && (circuit.openUntil > 0 || circuit.failed < this.options.failures)) return;
    const { baseMs, maxMs } = this.options;
    const pause = Math.min(maxMs, baseMs * 2 ** circuit.trips) * (0.75 + this.random() / 2);
    circuit.openUntil = this.now() + Math.max(pause, afterMs);
    circuit.trips++;
    circuit.probing = 0;
  }
}
