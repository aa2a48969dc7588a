import { deviceIdsHere, type DeviceIds } from './device-ids';
import { progressOf, type Progress } from './notes';
import type { Outbox } from './outbox';
import { Drawer, type Storage } from './storage';

type Entry = readonly [key: string, value: string];

/** One device's part of what a storage holds of a login, each list in key order. */
interface Contents {
  outbox: Entry[];
  notes: Entry[];
  /** In the storage. */
  keys: string[];
}

/** What an earlier run left. */
export interface Restored {
  progress: Progress;
  outbox: readonly Entry[];
  /** Of clients of this login that are gone, each under a device id that nobody will take over from it. */
  orphans: readonly Orphan[];
}

export interface Orphan {
  /** Moves what it had not sent, unless its client turns out to live. */
  adopt(outbox: Outbox): Promise<void>;
}

export interface DeviceStoreOptions {
  storage: Storage;
  /** Whose client it is: its part of the storage. */
  login: string;
  /** The application's own device id. */
  givenId?: string;
  ids?: DeviceIds;
}

/** Ids that were made here, for when there is no place to keep them but the storage. */
const IDS = '@devices/';
/** The part of a device whose id the application gave: then a storage is one client's. */
const UNNAMED = '';
const NOTHING: Contents = { outbox: [], notes: [], keys: [] };

/**
 * Which device this is, and what it keeps. Where the client makes the device ids, several clients share a storage (the
 * tabs of an origin), each in the part that is named by its id. Unsent messages outlive the id: whoever starts next takes
 * them over from all that are gone. Positions go to whoever takes over the id; a new id begins where the latest one is.
 */
export class DeviceStore {
  readonly outbox: Drawer;
  readonly notes: Drawer;
  /** Known once it is claimed. */
  deviceId?: string;
  private readonly storage: Storage;
  private readonly ids: DeviceIds;
  /** The part of the storage stays, should a later start come under another id. */
  private part?: string;
  private claiming?: Promise<string>;

  constructor(private readonly options: DeviceStoreOptions) {
    this.storage = options.storage;
    this.ids = options.ids ?? deviceIdsHere();
    this.outbox = new Drawer(this.storage);
    this.notes = new Drawer(this.storage);
    this.deviceId = options.givenId;
  }

  /** Decides which device this is, and reads what it left and what others left behind; once. */
  async open(): Promise<Restored> {
    const { login, givenId } = this.options;
    // One of this page that is ending writes down how far it got.
    await this.ids.idle();
    const entries = [...(await this.storage.load())];
    const stored = entries.flatMap(([key]) => (key.startsWith(IDS) ? [key.slice(IDS.length)] : []));
    const id = await this.claim(stored);
    if (givenId === undefined && !stored.includes(id) && this.ids.ofOrigin().length === 0) {
      await this.storage.set(IDS + id, '');
    }
    this.part = givenId === undefined ? id : UNNAMED;
    const root = rootOf(login, this.part);
    this.outbox.open(`${root}outbox/`);
    this.notes.open(`${root}notes/`);
    return this.restored(this.part, contentsOf(entries, login));
  }

  /** The id to connect with: the same as before where nobody has it meanwhile. Held until `release`. */
  claim(stored: readonly string[] = []): Promise<string> {
    const { login, givenId } = this.options;
    if (givenId !== undefined) return Promise.resolve(givenId);
    const preferred = this.deviceId === undefined ? stored : [this.deviceId];
    this.claiming ??= this.ids.claim(login, preferred).then((id) => (this.deviceId = id));
    return this.claiming;
  }

  /** Nothing runs any more, once this is written. */
  release(written: Promise<void>): void {
    if (this.claiming && this.deviceId !== undefined) this.ids.letGo(this.options.login, this.deviceId, written);
    this.claiming = undefined;
  }

  /** Another client took the id for its own: the next start comes under another. */
  replaced(): void {
    if (!this.claiming || this.deviceId === undefined) return;
    this.ids.lose(this.deviceId);
    this.claiming = undefined;
  }

  private async restored(part: string, parts: Map<string, Contents>): Promise<Restored> {
    const own = parts.get(part) ?? NOTHING;
    parts.delete(part);
    const latest = this.ids.ofOrigin().filter((id) => parts.has(id));
    const others = [...new Set([...latest, ...parts.keys()])];
    let { notes } = own;
    if (notes.length === 0) {
      notes = others.map((id) => parts.get(id)?.notes ?? []).find(({ length }) => length > 0) ?? [];
      await Promise.all(notes.map(async ([key, value]) => this.notes.set(key, value)));
    }
    return {
      progress: progressOf(notes),
      outbox: own.outbox,
      orphans: others.map((id) => ({ adopt: (outbox) => this.adopt(id, parts.get(id) ?? NOTHING, outbox) })),
    };
  }

  private adopt(id: string, { outbox: entries, keys }: Contents, outbox: Outbox): Promise<void> {
    const move = async () => {
      if (!(await outbox.adopt(entries))) return;
      for (const key of keys) await this.storage.delete(key);
    };
    return id === UNNAMED ? move() : this.ids.whileFree(this.options.login, id, move);
  }
}

const rootOf = (login: string, part: string): string => (part === UNNAMED ? `${login}/` : `${login}/@${part}/`);

/** All that a storage holds of a login, by device id. */
function contentsOf(entries: readonly Entry[], login: string): Map<string, Contents> {
  const parts = new Map<string, Contents>();
  for (const [key, value] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(`${login}/`)) continue;
    const [, id = UNNAMED, kind, rest] =
      /^(?:@([^/]+)\/)?(outbox|notes)\/(.+)$/.exec(key.slice(login.length + 1)) ?? [];
    if ((kind !== 'outbox' && kind !== 'notes') || rest === undefined) continue;
    const part = parts.get(id) ?? { outbox: [], notes: [], keys: [] };
    parts.set(id, part);
    part[kind].push([rest, value]);
    part.keys.push(key);
  }
  return parts;
}
