/** A peer not heard for this long counts as gone. */
export const SILENCE_MS = 3000;
/** Its counters are kept longer, so that its return shows what was missed. */
const FORGET_MS = 600_000;

interface Peer {
  /** The last number seen on the channel of all, and on this node's own. */
  all: number;
  own: number;
  seenAt: number;
  left: boolean;
}

export type Heard = 'fresh' | 'gap' | 'stale';

/**
 * What this node has heard from the others. Each numbers what it publishes, per channel, so that a lost batch shows as a
 * hole: at the next batch, or at the next beat, which repeats the numbers (protocol.md §2.4).
 */
export class BusPeers {
  private readonly peers = new Map<string, Peer>();

  /** A batch numbered `n` came on a channel. `stale`: seen before, or made up from old ones. */
  heard(from: string, channel: 'all' | 'own', n: number, now: number): Heard {
    const peer = this.peers.get(from);
    if (!peer) {
      // What came before we listened was not for us.
      this.peers.set(from, {
        all: channel === 'all' ? n : -1,
        own: channel === 'own' ? n : -1,
        seenAt: now,
        left: false,
      });
      return 'fresh';
    }
    const last = peer[channel];
    if (n <= last) return 'stale';
    const returned = now - peer.seenAt > SILENCE_MS;
    peer[channel] = n;
    peer.seenAt = now;
    peer.left = false;
    return returned || (last !== -1 && n > last + 1) ? 'gap' : 'fresh';
  }

  /** The peer says how many batches it has sent to this node's own channel. True when some never came. */
  missed(from: string, own: number): boolean {
    const peer = this.peers.get(from);
    if (!peer || peer.own >= own) return false;
    const known = peer.own !== -1;
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
}
