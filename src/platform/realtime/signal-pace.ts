import { TokenBuckets } from '../entry/token-buckets';

/** Signals remembered for a moment; beyond it nothing more is said, which is legal for all of them. */
const SIGNALS_MAX = 100_000;
const PLACES_MAX = 50_000;

export interface SignalPaceOptions {
  /** How far apart the same signal is told. Milliseconds. */
  intervalMs: number;
  /** How often it is told at once before that counts. */
  burst?: number;
  /** What all signals of one place together may write to sockets in a second, where that is limited. */
  framesPerSecond?: number;
}

interface Said {
  /** What it says; the same again is not told twice. */
  value: unknown;
  /** Sockets it goes to, roughly. */
  frames: number;
  tell: () => void;
}

interface Signal {
  place: number;
  told: unknown;
  left: number;
  next: Said | undefined;
}

/**
 * Keeps what is told to many and stored nowhere to a pace, whoever sends it how often: the first is told at once, then in
 * each interval only what was said last, if that is news. Nothing of it waits for anything, and nothing is owed.
 */
export class SignalPace {
  private readonly signals = new Map<string, Signal>();
  private readonly places: TokenBuckets | undefined;

  constructor(private readonly options: SignalPaceOptions) {
    const { framesPerSecond: perSecond } = options;
    if (perSecond) this.places = new TokenBuckets({ perSecond, burst: 2 * perSecond, max: PLACES_MAX });
  }

  /**
   * @param key what is one signal: its kind, its sender, its place
   * @param place the conversation whose frames are counted together
   */
  say(key: string, place: number, said: Said): void {
    let signal = this.signals.get(key);
    if (!signal) {
      if (this.signals.size >= SIGNALS_MAX) return;
      signal = { place, told: undefined, left: this.options.burst ?? 1, next: undefined };
      this.signals.set(key, signal);
      this.comeBack(key, signal);
    }
    signal.next = said.value === signal.told ? undefined : said;
    if (signal.left > 0) this.tell(signal);
  }

  private comeBack(key: string, signal: Signal): void {
    setTimeout(() => {
      if (!signal.next) this.signals.delete(key);
      else {
        this.tell(signal);
        this.comeBack(key, signal);
      }
    }, this.options.intervalMs).unref();
  }

  private tell(signal: Signal): void {
    const { next, place } = signal;
    // What there is no room for now waits for the next interval, as it will be by then.
    if (!next || (this.places && this.places.take(place, next.frames) > 0)) return;
    signal.left--;
    signal.told = next.value;
    signal.next = undefined;
    next.tell();
  }
}
