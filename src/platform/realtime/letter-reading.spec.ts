import { BusPeers } from './bus-peers';
import { KeptFrames } from './kept-frames';
import { readLetter } from './letter-reading';
import type { Letter } from './letters';

const WAYS = { all: 'all', me: 'own' } as const;
const frame = (n: number, name = 'forget'): string => JSON.stringify([name, { n }]);

/** A sender, and a reader that has heard its first batch over Redis. */
function pair() {
  const kept = new KeptFrames();
  const peers = new BusPeers();
  const numbers = new Map([['all', 1]]);
  let now = 0;
  peers.heard('you', 'all', 1, now);
  return {
    /** Says one frame on the channel of all. `heard`: Redis carries it. */
    say: (heard: boolean, name?: string): string => {
      const n = (numbers.get('all') ?? 0) + 1;
      numbers.set('all', n);
      kept.add('all', n, [frame(n, name)], now);
      return heard ? peers.heard('you', 'all', n, now) : 'lost';
    },
    wait: (ms: number): void => {
      now += ms;
      kept.expire(now);
    },
    write: (): Letter => JSON.parse(kept.take(numbers)) as Letter,
    read: (letter: Letter): { gap: boolean; heard: number[] } => {
      const { gap, frames } = readLetter(peers, WAYS, 'you', letter, now);
      return { gap, heard: frames.map(([, { n }]) => n) };
    },
    hear: (n: number) => peers.heard('you', 'all', n, now),
  };
}

describe('a letter', () => {
  it('brings what Redis did not, once, and nothing that Redis did', () => {
    const { say, write, read, hear } = pair();
    say(true);
    say(false);
    say(false);
    const letter = write();
    expect(read(letter)).toEqual({ gap: false, heard: [3, 4] });
    expect(read(letter)).toEqual({ gap: false, heard: [] });
    // What was frozen on its way arrives in the end.
    expect([hear(3), hear(4), hear(5)]).toEqual(['stale', 'stale', 'fresh']);
  });

  it('fills a hole that was seen already, without the state that is asked for again after one', () => {
    const { say, write, read } = pair();
    say(false, 'kick');
    say(false, 'presence');
    expect(say(true)).toBe('gap');
    expect(read(write())).toEqual({ gap: false, heard: [2] });
  });

  it('shows as a gap what was forgotten before it was written', () => {
    const { say, write, read, wait } = pair();
    say(false);
    wait(6000);
    say(false);
    expect(read(write())).toEqual({ gap: true, heard: [3] });
  });

  it('follows the one before it without a gap, also when there was nothing to say', () => {
    const { say, write, read } = pair();
    say(false);
    expect(read(write())).toEqual({ gap: false, heard: [2] });
    expect(read(write())).toEqual({ gap: false, heard: [] });
    say(false);
    expect(read(write())).toEqual({ gap: false, heard: [3] });
  });
});
