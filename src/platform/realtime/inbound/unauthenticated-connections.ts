import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RateLimiter, addressKey } from '../../entry/rate-limiter';

/** Connections of one address without a session: a whole company may come back at once. */
const PER_ADDRESS_MAX = 5000;
/** And of one that sent too many wrong credentials: further ones wait until one of these is decided. */
const PER_SUSPECT_ADDRESS_MAX = 64;
const WAITING_MAX = 2000;
const WAIT_MAX_MS = 10_000;
const SWEEP_MS = 500;

interface AddressQueue {
  readonly address: string;
  open: number;
  /** In the order in which they came. */
  waiting: { since: number; decide: (allowed: boolean) => void }[];
}

/**
 * Connections without a session yet, bounded by address so that they cost no more than a little memory. An address that sends
 * wrong tokens, or opens connections and says nothing, opens few at once: it is slow, but not locked out.
 */
@Injectable()
export class UnauthenticatedConnections implements OnApplicationShutdown {
  private readonly queues = new Map<string, AddressQueue>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly rates: RateLimiter) {}

  /** Calls `decide` when there is room for another one of this address: at once as a rule; with false when there is none in time. */
  ask(address: string, decide: (allowed: boolean) => void): void {
    const queue = this.queues.get(addressKey(address));
    if (!queue || (queue.waiting.length === 0 && queue.open < this.maxOf(address))) decide(true);
    else if (queue.waiting.length >= WAITING_MAX) decide(false);
    else {
      queue.waiting.push({ since: performance.now(), decide });
      this.timer ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    }
  }

  added(address: string): void {
    const key = addressKey(address);
    const queue = this.queues.get(key);
    if (queue) queue.open++;
    else this.queues.set(key, { address, open: 1, waiting: [] });
  }

  /** One got a session, or has gone: the next may come. */
  removed(address: string): void {
    const key = addressKey(address);
    const queue = this.queues.get(key);
    if (!queue) return;
    queue.open--;
    if (queue.waiting.length > 0) this.admitWaiting(queue);
    if (queue.open === 0 && queue.waiting.length === 0) this.queues.delete(key);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** As many as there is room for; those who have waited for too long are refused. */
  private admitWaiting(queue: AddressQueue): void {
    const now = performance.now();
    let room = this.maxOf(queue.address) - queue.open;
    while (room-- > 0 || (queue.waiting.length > 0 && now - queue.waiting[0].since > WAIT_MAX_MS)) {
      const first = queue.waiting.shift();
      if (!first) return;
      first.decide(now - first.since <= WAIT_MAX_MS);
    }
  }

  /** For those behind one that was admitted and never came, and those who have waited for too long. */
  private sweep(): void {
    let waiting = 0;
    for (const [key, queue] of this.queues) {
      if (queue.waiting.length > 0) this.admitWaiting(queue);
      waiting += queue.waiting.length;
      if (queue.open <= 0 && queue.waiting.length === 0) this.queues.delete(key);
    }
    if (waiting > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private maxOf(address: string): number {
    return this.rates.addressHas('wrongCredentials', address) ? PER_ADDRESS_MAX : PER_SUSPECT_ADDRESS_MAX;
  }
}
