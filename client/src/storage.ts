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

/** Keeps to the keys that begin with `prefix`. Tabs may share it while the client makes their device ids. */
export function webStorage(area: WebStorageLike, prefix = 'parley:'): Storage {
  return {
    load: () => keysOf(area, prefix).map((key) => [key, area.getItem(prefix + key) ?? ''] as const),
    set: (key, value) => area.setItem(prefix + key, value),
    delete: (key) => area.removeItem(prefix + key),
  };
}

/** What follows the prefix in the keys that begin with it. */
export function keysOf(area: WebStorageLike, prefix: string): string[] {
  return Array.from({ length: area.length }, (_, index) => area.key(index) ?? '')
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

/** A part of a storage: the keys under one prefix. */
export class Drawer {
  constructor(
    private readonly storage: Storage,
    private prefix = '',
  ) {}

  /** From here on it stands for this part. */
  open(prefix: string): void {
    this.prefix = prefix;
  }

  set(key: string, value: string): MaybePromise<void> {
    return this.storage.set(this.prefix + key, value);
  }

  delete(key: string): MaybePromise<void> {
    return this.storage.delete(this.prefix + key);
  }
}
