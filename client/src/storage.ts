export type MaybePromise<T> = T | Promise<T>;

/**
 * Where a client keeps what must outlive the process: unsent messages and how far it has read. Bring your own
 * (IndexedDB, SQLite, a phone's store): three calls over strings. A resolved `set` is what "durable" means here.
 */
export interface Storage {
  /** Everything that was ever set and not deleted; called once at start. */
  load(): MaybePromise<Iterable<readonly [key: string, value: string]>>;
  set(key: string, value: string): MaybePromise<void>;
  delete(key: string): MaybePromise<void>;
}

/** Lives as long as the object: a page, a test. */
export class MemoryStorage implements Storage {
  private readonly values = new Map<string, string>();

  load(): Iterable<readonly [string, string]> {
    return [...this.values];
  }

  set(key: string, value: string): void {
    this.values.set(key, value);
  }

  delete(key: string): void {
    this.values.delete(key);
  }
}

/** The part of the browser's `localStorage` and `sessionStorage` that is used. */
export interface WebStorageLike {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Keeps to the keys that begin with `prefix`; share it between tabs only with a prefix for each. */
export function webStorage(area: WebStorageLike, prefix = 'parley:'): Storage {
  return {
    load: () => {
      const found: [string, string][] = [];
      for (let index = 0; index < area.length; index += 1) {
        const key = area.key(index);
        if (key?.startsWith(prefix)) found.push([key.slice(prefix.length), area.getItem(key) ?? '']);
      }
      return found;
    },
    set: (key, value) => area.setItem(prefix + key, value),
    delete: (key) => area.removeItem(prefix + key),
  };
}

/** A drawer of a storage: keys under one prefix, so that two users of a device never see each other's. */
export class Drawer {
  constructor(
    private readonly storage: Storage,
    private readonly prefix: string,
  ) {}

  /** This drawer's part of what `Storage.load` found, in key order. */
  pick(entries: Iterable<readonly [string, string]>): [string, string][] {
    return [...entries]
      .filter(([key]) => key.startsWith(this.prefix))
      .map(([key, value]): [string, string] => [key.slice(this.prefix.length), value])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  set(key: string, value: string): MaybePromise<void> {
    return this.storage.set(this.prefix + key, value);
  }

  delete(key: string): MaybePromise<void> {
    return this.storage.delete(this.prefix + key);
  }
}
