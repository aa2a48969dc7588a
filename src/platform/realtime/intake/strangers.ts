import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RateLimiter, addressKey } from '../../entry/rate-limiter';

/** Connections of one address that nobody was let in by yet: a whole company may come back at once. */
const PER_ADDRESS_MAX = 5000;
/** And of one that has guessed too much: whoever else is there waits until one of these is decided. */
const PER_SUSPECT_MAX = 64;
const WAITING_MAX = 2000;
const WAIT_MAX_MS = 10_000;
const LOOK_MS = 500;

interface Door {
  readonly address: string;
  inside: number;
  /** In the order in which they came. */
  waiting: { since: number; open: (allowed: boolean) => void }[];
}

/**
 * Connections that have not shown a good token yet, by address. They are bounded, so that they cost no more than a little
 * memory; an address from which wrong tokens or silent connections come opens few at once, and is slow, but not locked out.
 */
@Injectable()
export class Strangers implements OnApplicationShutdown {
  private readonly doors = new Map<string, Door>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly rates: RateLimiter) {}

  /** Connections of an address that are inside now. */
  inside(address: string): number {
    return this.doors.get(addressKey(address))?.inside ?? 0;
  }

  /** Calls `open` when there is room for another one of this address: at once as a rule, with false when there is none. */
  ask(address: string, open: (allowed: boolean) => void): void {
    const door = this.doors.get(addressKey(address));
    if (!door || (door.waiting.length === 0 && door.inside < this.roomOf(address))) open(true);
    else if (door.waiting.length >= WAITING_MAX) open(false);
    else {
      door.waiting.push({ since: performance.now(), open });
      this.timer ??= setInterval(() => this.look(), LOOK_MS).unref();
    }
  }

  came(address: string): void {
    const key = addressKey(address);
    const door = this.doors.get(key);
    if (door) door.inside++;
    else this.doors.set(key, { address, inside: 1, waiting: [] });
  }

  /** One was let in, or has gone: the next may come. */
  left(address: string): void {
    const key = addressKey(address);
    const door = this.doors.get(key);
    if (!door) return;
    door.inside--;
    if (door.waiting.length > 0) this.openTo(door);
    if (door.inside === 0 && door.waiting.length === 0) this.doors.delete(key);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** As many as there is room for. Whoever has gone meanwhile takes none. */
  private openTo(door: Door): void {
    const now = performance.now();
    let room = this.roomOf(door.address) - door.inside;
    while (room-- > 0 || (door.waiting.length > 0 && now - door.waiting[0].since > WAIT_MAX_MS)) {
      const first = door.waiting.shift();
      if (!first) return;
      first.open(now - first.since <= WAIT_MAX_MS);
    }
  }

  /** For those behind somebody who never came, and those who have waited for too long. */
  private look(): void {
    let waiting = 0;
    for (const [key, door] of this.doors) {
      if (door.waiting.length > 0) this.openTo(door);
      waiting += door.waiting.length;
      if (door.inside <= 0 && door.waiting.length === 0) this.doors.delete(key);
    }
    if (waiting > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private roomOf(address: string): number {
    return this.rates.addressHas('wrongCredentials', address) ? PER_ADDRESS_MAX : PER_SUSPECT_MAX;
  }
}
