import type { BusFrameName } from '../../kernel/contracts/bus-frames';
import type { BusPeers, Channel } from './bus-peers';
import type { Letter } from './letters';

/** State that is asked for again after every gap, or said again by itself: said behind what followed it, it would be wrong. */
const NEVER_LATE: ReadonlySet<BusFrameName> = new Set([
  'presence',
  'serving',
  'chatroom:roster',
  'chatroom:rooms',
  'chatroom:ask',
  'chatroom:done',
]);

/**
 * What a letter says that has not been heard of its sender over Redis.
 * @param ways the channels that this node hears
 * @returns `gap`: something was said before that is in no letter and never came
 */
export function readLetter(
  peers: BusPeers,
  ways: Readonly<Record<string, Channel | undefined>>,
  from: string,
  { covers, batches }: Letter,
  now: number,
): { gap: boolean; frames: [BusFrameName, never][] } {
  let gap = false;
  for (const [channel, [since]] of Object.entries(covers)) {
    const way = ways[channel];
    if (way && peers.lettersFrom(from, way, since, now)) gap = true;
  }
  const said = batches.flatMap(([channel, n, frames]) => {
    const way = ways[channel];
    const heard = way ? peers.inLetter(from, way, n) : 'stale';
    if (heard === 'fresh') return frames;
    return heard === 'late' ? frames.filter(([name]) => !NEVER_LATE.has(name)) : [];
  });
  for (const [channel, [, upTo]] of Object.entries(covers)) {
    const way = ways[channel];
    if (way) peers.lettersUpTo(from, way, upTo);
  }
  return { gap, frames: said };
}
