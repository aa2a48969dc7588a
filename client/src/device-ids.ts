import { systemClock, type Clock } from './clock';
import { newId } from './ids';
import { thisPage, type Page } from './page';
import { keysOf, type WebStorageLike } from './storage';
import { tabLocks, type TabLocks } from './tab-locks';

const OF_TAB = 'parley-device';
const OF_ORIGIN = 'parley-device:';
/** An id that no tab has used for so long is forgotten. */
const FORGOTTEN_MS = 90 * 24 * 3600 * 1000;

interface HeldId {
  /** The logins whose clients run under it here. */
  readonly logins: Set<string>;
  release(): void;
}

/**
 * Makes device ids, one for each client of a login that runs at the same time: a tab keeps its id through reloads, and a
 * new tab takes over that of a closed one before it makes another, because every id is a device to the server, of which
 * a user has only so many. A tab that was duplicated finds its id taken. An id belongs to the page until the page is
 * gone, and to one client of a login at a time.
 */
export class DeviceIds {
  private readonly held = new Map<string, HeldId>();
  /** Somebody else turned out to have them. */
  private readonly lost = new Set<string>();
  private openedLocks?: TabLocks;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly page: Page = {},
    private readonly clock: Clock = systemClock,
  ) {}

  /** An id for a client of this login: the first of the preferred ones that is free, else the tab's, else any. */
  claim(login: string, preferred: readonly string[]): Promise<string> {
    return this.inTurn(async () => {
      const id =
        (await this.firstFree(login, [...preferred, ...this.ofTab(), ...this.held.keys()])) ??
        (await this.hold(this.ofOrigin().filter((one) => !this.held.has(one) && !this.lost.has(one)))) ??
        (await this.make());
      this.held.get(id)?.logins.add(login);
      this.remember(id);
      return id;
    });
  }

  /** The client of this login ends: once it has written down how far it got, another here may have the id. */
  letGo(login: string, id: string, written: Promise<void>): void {
    void this.inTurn(() => written.finally(() => this.held.get(id)?.logins.delete(login)));
  }

  /** Resolves when no client of this page is about to begin or to end. */
  async idle(): Promise<void> {
    await this.inTurn(() => Promise.resolve());
  }

  /** A client elsewhere runs under this id as well: it is never claimed here again. */
  lose(id: string): void {
    this.lost.add(id);
    this.held.get(id)?.release();
    this.held.delete(id);
    quietly(() => this.page.session?.removeItem(OF_TAB));
  }

  /** Does this while no client of the login runs under the id, here or elsewhere; nothing where one does. */
  whileFree(login: string, id: string, work: () => Promise<void>): Promise<void> {
    return this.inTurn(async () => {
      if (this.held.has(id)) return this.held.get(id)?.logins.has(login) ? undefined : work();
      const held = await this.locks.holdFirst([id]);
      if (!held) return;
      await work().finally(() => held.release());
    });
  }

  /** The ids of all tabs, closed ones too: the latest used first. */
  ofOrigin(): string[] {
    const { local } = this.page;
    if (!local) return [];
    return quietly(() => usedSince(local, this.clock.now() - FORGOTTEN_MS)) ?? [];
  }

  /** Only once they are needed: a page whose ids are given opens no channel. */
  private get locks(): TabLocks {
    return (this.openedLocks ??= tabLocks(this.page, this.clock));
  }

  private ofTab(): string[] {
    const id = quietly(() => this.page.session?.getItem(OF_TAB));
    return id ? [id] : [];
  }

  /** Each asked for by itself: who asks for several at once is in the way of other tabs that want one of them. */
  private async firstFree(login: string, ids: readonly string[]): Promise<string | undefined> {
    for (const id of ids) {
      const held = this.held.get(id);
      if (held ? !held.logins.has(login) : !this.lost.has(id) && (await this.hold([id]))) return id;
    }
    return undefined;
  }

  private async make(): Promise<string> {
    const id = newId();
    await this.hold([id]);
    return id;
  }

  private async hold(ids: readonly string[]): Promise<string | undefined> {
    const held = ids.length > 0 ? await this.locks.holdFirst(ids) : undefined;
    if (held) this.held.set(held.name, { logins: new Set(), release: () => held.release() });
    return held?.name;
  }

  private remember(id: string): void {
    quietly(() => this.page.local?.setItem(OF_ORIGIN + id, String(this.clock.now())));
    // A second client of this page has an id that the page itself need not remember.
    if (!this.ofTab().some((own) => this.held.has(own))) quietly(() => this.page.session?.setItem(OF_TAB, id));
  }

  /** One after the other: what one is about to hold the next must not be offered. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}

/** Ids with the time of their last use, the latest first; forgets those that are too old. */
function usedSince(area: WebStorageLike, oldest: number): string[] {
  const used = keysOf(area, OF_ORIGIN).map((id) => ({ id, at: Number(area.getItem(OF_ORIGIN + id)) }));
  for (const { id, at } of used) if (at < oldest) area.removeItem(OF_ORIGIN + id);
  return used
    .filter(({ at }) => at >= oldest)
    .sort((a, b) => b.at - a.at)
    .map(({ id }) => id);
}

/** A storage that is full or forbidden costs an id, never the client. */
function quietly<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

let here: DeviceIds | undefined;
/** Those of this page, or of a process of Node. */
export const deviceIdsHere = (): DeviceIds => (here ??= new DeviceIds(thisPage()));
