import { BusPeers } from './bus-peers';
import { readFallback } from './fallback-reading';
import type { FallbackBatch } from './fallback-table';
import { RecentFrames } from './recent-frames';

const CHANNELS = { all: 'all', me: 'own' } as const;
const frame = (n: number, name = 'forget'): string => JSON.stringify([name, { n }]);

/** A sender, and a reader that has heard its first batch over Redis. */
function pair() {
  const recent = new RecentFrames();
  const peers = new BusPeers();
  const numbers = new Map([['all', 1]]);
  let now = 0;
  peers.heard('you', 'all', 1, now);
  return {
    /** Sends one frame on the channel of all. `heard`: Redis carries it. */
    send: (heard: boolean, name?: string): string => {
      const n = (numbers.get('all') ?? 0) + 1;
      numbers.set('all', n);
      recent.add('all', n, [frame(n, name)], now);
      return heard ? peers.heard('you', 'all', n, now) : 'lost';
    },
    wait: (ms: number): void => {
      now += ms;
      recent.expire(now);
    },
    write: (): FallbackBatch => JSON.parse(recent.take(numbers)) as FallbackBatch,
    read: (batch: FallbackBatch): { gap: boolean; heard: number[] } => {
      const { gap, frames } = readFallback(peers, CHANNELS, 'you', batch, now);
      return { gap, heard: frames.map(([, { n }]) => n) };
    },
    hear: (n: number) => peers.heard('you', 'all', n, now),
  };
}

describe('a fallback batch', () => {
  it('brings what Redis did not, once, and nothing that Redis did', () => {
    const { send, write, read, hear } = pair();
    send(true);
    send(false);
    send(false);
    const batch = write();
    expect(read(batch)).toEqual({ gap: false, heard: [3, 4] });
    expect(read(batch)).toEqual({ gap: false, heard: [] });
    // What was frozen on its way arrives in the end.
    expect([hear(3), hear(4), hear(5)]).toEqual(['stale', 'stale', 'fresh']);
  });

  it('fills a hole that was seen already, without the state that is asked for again after one', () => {
    const { send, write, read } = pair();
    send(false, 'kick');
    send(false, 'presence');
    expect(send(true)).toBe('gap');
    expect(read(write())).toEqual({ gap: false, heard: [2] });
  });

  it('shows as a gap what was forgotten before it was written', () => {
    const { send, write, read, wait } = pair();
    send(false);
    wait(6000);
    send(false);
    expect(read(write())).toEqual({ gap: true, heard: [3] });
  });

  it('follows the one before it without a gap, also when there was nothing to send', () => {
    const { send, write, read } = pair();
    send(false);
    expect(read(write())).toEqual({ gap: false, heard: [2] });
    expect(read(write())).toEqual({ gap: false, heard: [] });
    send(false);
    expect(read(write())).toEqual({ gap: false, heard: [3] });
  });
});
