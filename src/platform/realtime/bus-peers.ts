/** A peer not heard for this long counts as gone. */
export const SILENCE_MS = 3000;
/** Its counters are kept longer, so that its return shows what was missed. */
const FORGET_MS = 600_000;
/** Missing batches that are remembered in case the fallback brings them; of one peer and channel. */
const HOLES_MAX = 1000;

export type Channel = 'all' | 'own';

interface Peer {
  /** The last number seen on the channel of all, and on this node's own. */
  all: number;
  own: number;
  readonly holes: Readonly<Record<Channel, Set<number>>>;
  seenAt: number;
  left: boolean;
}

export type Heard = 'fresh' | 'gap' | 'stale';

/**
 * What this node has heard from the others. Each numbers what it publishes, per channel, so that a lost batch shows as a
 * hole: at the next batch, or at the next heartbeat, which repeats the numbers (protocol.md §2.4). The fallback brings batches
 * under the same numbers, so that what came both ways is heard once.
 */
export class BusPeers {
  private readonly peers = new Map<string, Peer>();

  /** A batch numbered `n` came on a channel. `stale`: seen before, or made up from old ones. */
  heard(from: string, channel: Channel, n: number, now: number): Heard {
    const peer = this.peers.get(from);
    if (!peer) {
      // What came before we listened was not for us.
      this.meet(from, now)[channel] = n;
      return 'fresh';
    }
    const last = peer[channel];
    if (n <= last) return 'stale';
    const returned = now - peer.seenAt > SILENCE_MS;
    peer[channel] = n;
    peer.seenAt = now;
    peer.left = false;
    const hole = last !== -1 && n > last + 1;
    if (hole) note(peer.holes[channel], last + 1, n - 1);
    return returned || hole ? 'gap' : 'fresh';
  }

  /** A fallback batch holds what was sent after `since`. True when something before it never came. */
  fallbackSince(from: string, channel: Channel, since: number, now: number): boolean {
    const peer = this.peers.get(from) ?? this.meet(from, now);
    peer.seenAt = now;
    peer.left = false;
    const last = peer[channel];
    if (last === -1 || last >= since) return false;
    note(peer.holes[channel], last + 1, since);
    peer[channel] = since;
    return true;
  }

  /** A batch came by the fallback. `late`: what was sent after it has been heard already. */
  heardByFallback(from: string, channel: Channel, n: number): 'fresh' | 'late' | 'stale' {
    const peer = this.peers.get(from);
    if (!peer) return 'stale';
    if (n <= peer[channel]) return peer.holes[channel].delete(n) ? 'late' : 'stale';
    peer[channel] = n;
    return 'fresh';
  }

  /** All up to this number has been heard, as far as it belongs into the fallback. */
  fallbackUpTo(from: string, channel: Channel, upTo: number): void {
    const peer = this.peers.get(from);
    if (peer) peer[channel] = Math.max(peer[channel], upTo);
  }

  /** The peer says how many batches it has sent to this node's own channel. True when some never came. */
  missed(from: string, own: number): boolean {
    const peer = this.peers.get(from);
    if (!peer || peer.own >= own) return false;
    const known = peer.own !== -1;
    if (known) note(peer.holes.own, peer.own + 1, own);
    peer.own = own;
    return known;
  }

  left(from: string): void {
    const peer = this.peers.get(from);
    if (peer) peer.left = true;
  }

  live(now: number): string[] {
    const ids: string[] = [];
    for (const [id, peer] of this.peers) {
      if (!peer.left && now - peer.seenAt <= SILENCE_MS) ids.push(id);
      else if (now - peer.seenAt > FORGET_MS) this.peers.delete(id);
    }
    return ids;
  }

  private meet(from: string, now: number): Peer {
    const peer = {
      all: -1,
      own: -1,
      holes: { all: new Set<number>(), own: new Set<number>() },
      seenAt: now,
      left: false,
    };
    this.peers.set(from, peer);
    return peer;
  }
}

function note(holes: Set<number>, first: number, last: number): void {
  for (let n = Math.max(first, last - HOLES_MAX + 1); n <= last; n++) holes.add(n);
  for (const oldest of holes) {
    if (holes.size <= HOLES_MAX) break;
    holes.delete(oldest);
  }
}
