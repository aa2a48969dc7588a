import { DeviceIds } from '../../src/device-ids';
import type { ChannelLike, LocksLike, Page } from '../../src/page';
import { webStorage, type Storage, type WebStorageLike } from '../../src/storage';

/** As `localStorage` and `sessionStorage`: strings, in the order of their first writing. */
export function anArea(values = new Map<string, string>()): WebStorageLike & { copy(): ReturnType<typeof anArea> } {
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    copy: () => anArea(new Map(values)),
  };
}

type Area = ReturnType<typeof anArea>;

/**
 * What tabs of one origin see of each other: one localStorage; exclusive Web Locks, which end with the document that
 * holds them; BroadcastChannels, here those of Node. Which of the last two there are is up to the test: plain http has
 * no locks, and old browsers have neither.
 */
export class FakeBrowser {
  readonly local = anArea();
  /** Who holds a lock. */
  readonly held = new Map<string, FakeTab>();

  constructor(readonly has: { locks?: boolean; channel?: boolean }) {}

  open(session = anArea()): FakeTab {
    return new FakeTab(this, session);
  }
}

/** One document after another, with one sessionStorage. */
export class FakeTab {
  ids: DeviceIds;
  private channels: BroadcastChannel[] = [];

  constructor(
    readonly browser: FakeBrowser,
    readonly session: Area,
  ) {
    this.ids = new DeviceIds(this.page());
  }

  /** "Duplicate tab": the new one begins with a copy of the sessionStorage. */
  duplicate(): FakeTab {
    return this.browser.open(this.session.copy());
  }

  reload(): void {
    this.close();
    this.ids = new DeviceIds(this.page());
  }

  /** The document is gone: what it held ends, and nobody in it hears anything. */
  close(): void {
    for (const [name, tab] of this.browser.held) if (tab === this) this.browser.held.delete(name);
    for (const channel of this.channels.splice(0)) channel.close();
  }

  /** What an application hands to its client. */
  storage(): Storage {
    return webStorage(this.browser.local);
  }

  private page(): Page {
    const { locks, channel } = this.browser.has;
    return {
      session: this.session,
      local: this.browser.local,
      ...(locks && { locks: this.locks() }),
      ...(channel && { openChannel: (name) => this.openChannel(name) }),
    };
  }

  private locks(): LocksLike {
    const { held } = this.browser;
    return {
      request: async (name, _options, hold) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (held.has(name)) return hold(null);
        held.set(name, this);
        await hold({ name, mode: 'exclusive' });
        held.delete(name);
      },
    };
  }

  private openChannel(name: string): ChannelLike {
    const channel = new BroadcastChannel(name);
    (channel as unknown as { unref(): void }).unref();
    this.channels.push(channel);
    return channel as ChannelLike;
  }
}
