import type { Clock } from './clock';
import { newId } from './ids';
import type { ChannelLike, LocksLike, Page } from './page';

/** A name that no other tab holds while this one does. */
export interface Held {
  readonly name: string;
  release(): void;
}

/** Names that at most one living tab of an origin holds. */
export interface TabLocks {
  /** Holds the first of these that no other tab holds; undefined when there is none. */
  holdFirst(names: readonly string[]): Promise<Held | undefined>;
}

/** By what the browser has: Web Locks, else a channel between the tabs, else trust. */
export function tabLocks({ locks, openChannel }: Page, clock: Clock): TabLocks {
  if (locks) return new WebLocks(locks);
  if (openChannel) return new ChannelLocks(openChannel('parley-devices'), clock);
  return trust;
}

/** Where tabs cannot hear of each other, every name counts as free. */
const trust: TabLocks = {
  holdFirst: ([name]) => Promise.resolve(name === undefined ? undefined : { name, release: () => undefined }),
};

/** The browser lets go of them itself when the tab closes or crashes. */
class WebLocks implements TabLocks {
  constructor(private readonly locks: LocksLike) {}

  async holdFirst(names: readonly string[]): Promise<Held | undefined> {
    for (const name of names) {
      const held = await this.hold(name);
      if (held) return held;
    }
    return undefined;
  }

  private hold(name: string): Promise<Held | undefined> {
    return new Promise((resolve) => {
      const untilReleased = (lock: unknown): Promise<void> => {
        if (!lock) resolve(undefined);
        return lock ? new Promise((release) => resolve({ name, release })) : Promise.resolve();
      };
      // Some documents may have no locks, such as sandboxed frames: then nobody can be asked.
      this.locks
        .request(`parley-device:${name}`, { ifAvailable: true }, untilReleased)
        .catch(() => resolve({ name, release: () => undefined }));
    });
  }
}

/** What tabs say to each other; a ticket names one asking. */
type Said = { ask: readonly string[]; ticket: string } | { taken: readonly string[]; ticket: string };

interface Asking {
  readonly names: readonly string[];
  readonly taken: Set<string>;
}

/** How long the others have to say that a name is theirs. */
const ANSWER_MS = 300;

/**
 * For pages on plain http, which have no Web Locks: the others are asked, and who holds a name says so. A tab that does
 * not answer in time counts as closed; should it live, the server ends one of the two (`replaced`).
 */
class ChannelLocks implements TabLocks {
  private readonly held = new Set<string>();
  private readonly askings = new Map<string, Asking>();

  constructor(
    private readonly channel: ChannelLike,
    private readonly clock: Clock,
  ) {
    channel.onmessage = ({ data }) => this.heard(data as Said);
  }

  async holdFirst(names: readonly string[]): Promise<Held | undefined> {
    const ticket = newId();
    const asking = { names, taken: new Set<string>() };
    this.askings.set(ticket, asking);
    this.channel.postMessage({ ask: names, ticket } satisfies Said);
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, ANSWER_MS));
    this.askings.delete(ticket);
    const name = names.find((one) => !asking.taken.has(one) && !this.held.has(one));
    if (name === undefined) return undefined;
    this.held.add(name);
    return { name, release: () => this.held.delete(name) };
  }

  private heard(said: Said): void {
    if ('taken' in said) return said.taken.forEach((name) => this.askings.get(said.ticket)?.taken.add(name));
    const { ask, ticket } = said;
    const taken = ask.filter((name) => this.held.has(name) || this.asksBefore(ticket, name));
    if (taken.length > 0) this.channel.postMessage({ taken, ticket } satisfies Said);
    // Of two that ask at the same time the lower ticket goes first.
    for (const [own, asking] of this.askings) if (own > ticket) ask.forEach((name) => asking.taken.add(name));
  }

  private asksBefore(ticket: string, name: string): boolean {
    return [...this.askings].some(([own, { names }]) => own < ticket && names.includes(name));
  }
}
