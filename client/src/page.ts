import type { WebStorageLike } from './storage';

/** The part of `navigator.locks` that is used. */
export interface LocksLike {
  request(name: string, options: { ifAvailable: true }, hold: (lock: unknown) => Promise<void>): Promise<void>;
}

/** The part of a `BroadcastChannel` that is used. */
export interface ChannelLike {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/** What a browser gives to a page and to the tabs of its origin together, as far as this one has it. */
export interface Page {
  /** Is there still after a reload. A duplicated tab begins with a copy of it. */
  session?: WebStorageLike;
  /** The same for all tabs. */
  local?: WebStorageLike;
  /** On https alone. */
  locks?: LocksLike;
  openChannel?: (name: string) => ChannelLike;
}

/** The page that this runs in, or its worker; undefined in Node. */
export function thisPage(): Page | undefined {
  if (!('document' in globalThis) && !('WorkerGlobalScope' in globalThis)) return undefined;
  const { BroadcastChannel, navigator } = globalThis;
  return {
    session: ifAllowed(() => globalThis.sessionStorage),
    local: ifAllowed(() => globalThis.localStorage),
    locks: navigator?.locks,
    ...(BroadcastChannel && { openChannel: (name) => new BroadcastChannel(name) as ChannelLike }),
  };
}

/** A browser that keeps nothing for this page throws where its storage is only mentioned. */
function ifAllowed(area: () => WebStorageLike): WebStorageLike | undefined {
  try {
    return area();
  } catch {
    return undefined;
  }
}
