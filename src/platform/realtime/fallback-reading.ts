import type { BusFrameName } from '../../kernel/contracts/bus-frames';
import type { BusPeers, Channel } from './bus-peers';
import type { FallbackBatch } from './fallback-table';

/** State that is asked for again after every gap, or sent again by itself: received behind what followed it, it would be wrong. */
const NEVER_LATE: ReadonlySet<BusFrameName> = new Set([
  'presence',
  'serving',
  'chatroom:roster',
  'chatroom:rooms',
  'chatroom:ask',
  'chatroom:done',
]);

/**
 * The frames of a fallback batch that have not been received from its sender over Redis.
 *
 * @param channels the channels that this node receives, by the sender's name for them
 * @returns `gap`: something was sent before that is in no fallback batch and never came
 */
export function readFallback(
  peers: BusPeers,
  channels: Readonly<Record<string, Channel | undefined>>,
  from: string,
  { covers, batches }: FallbackBatch,
  now: number,
): { gap: boolean; frames: [BusFrameName, never][] } {
  let gap = false;
  for (const [target, [since]] of Object.entries(covers)) {
    const channel = channels[target];
    if (channel && peers.fallbackSince(from, channel, since, now)) gap = true;
  }
  const frames = batches.flatMap(([target, n, sent]) => {
    const channel = channels[target];
    const heard = channel ? peers.heardByFallback(from, channel, n) : 'stale';
    if (heard === 'fresh') return sent;
    return heard === 'late' ? sent.filter(([name]) => !NEVER_LATE.has(name)) : [];
  });
  for (const [target, [, upTo]] of Object.entries(covers)) {
    const channel = channels[target];
    if (channel) peers.fallbackUpTo(from, channel, upTo);
  }
  return { gap, frames };
}
