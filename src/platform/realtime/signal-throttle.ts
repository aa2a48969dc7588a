import { TokenBuckets } from '../entry/token-buckets';

/** Signals remembered for a moment; beyond it none is sent, which is legal for all of them. */
const SIGNALS_MAX = 100_000;
const PLACES_MAX = 50_000;

export interface SignalThrottleOptions {
  /** How far apart the same signal is sent. Milliseconds. */
  intervalMs: number;
  /** How often it is sent at once before that counts. */
  burst?: number;
  /** What all signals of one place together may write to sockets in a second, where that is limited. */
  framesPerSecond?: number;
}

interface SignalUpdate {
  /** What it says; the same again is not sent twice. */
  value: unknown;
  /** Sockets it goes to, roughly. */
  frames: number;
  send: () => void;
}

interface Signal {
  place: number;
  sent: unknown;
  left: number;
  next: SignalUpdate | undefined;
}

/**
 * Throttles signals, which go to many and are stored nowhere: the first update is sent at once, then in each interval only the
 * latest one, if it says something else. Nothing of it waits for anything, and nothing is owed.
 */
export class SignalThrottle {
  private readonly signals = new Map<string, Signal>();
  private readonly places: TokenBuckets | undefined;

  constructor(private readonly options: SignalThrottleOptions) {
    const { framesPerSecond: perSecond } = options;
    if (perSecond) this.places = new TokenBuckets({ perSecond, burst: 2 * perSecond, max: PLACES_MAX });
  }

  /**
   * @param key what is one signal: its kind, its sender, its place
   * @param place the conversation whose frames are counted together
   */
  update(key: string, place: number, update: SignalUpdate): void {
    let signal = this.signals.get(key);
    if (!signal) {
      if (this.signals.size >= SIGNALS_MAX) return;
      signal = { place, sent: undefined, left: this.options.burst ?? 1, next: undefined };
      this.signals.set(key, signal);
      this.schedule(key, signal);
    }
    signal.next = update.value === signal.sent ? undefined : update;
    if (signal.left > 0) this.send(signal);
  }

  private schedule(key: string, signal: Signal): void {
    setTimeout(() => {
      if (!signal.next) this.signals.delete(key);
      else {
        this.send(signal);
        this.schedule(key, signal);
      }
    }, this.options.intervalMs).unref();
  }

  private send(signal: Signal): void {
    const { next, place } = signal;
    // What there is no room for now waits for the next interval, as it will be by then.
    if (!next || (this.places && this.places.take(place, next.frames) > 0)) return;
    signal.left--;
    signal.sent = next.value;
    signal.next = undefined;
    next.send();
  }
}
