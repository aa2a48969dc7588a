import { Typists } from './typists';
import { VirtualClock } from '../test/support/virtual-clock';

describe('typing', () => {
  it('ends by itself six seconds after it was last told, once, and at once when its end is told', async () => {
    const clock = new VirtualClock();
    const told: boolean[] = [];
    const typists = new Typists(({ typing }) => told.push(typing), clock);
    const heard = (typing: boolean) => typists.heard({ conversationId: 'user:ann:bob', userId: 'bob', typing });
    heard(true);
    await clock.advance(5000);
    heard(true);
    await clock.advance(5999);
    expect(told).toEqual([true, true]);
    await clock.advance(1);
    expect(told).toEqual([true, true, false]);
    heard(true);
    heard(false);
    await clock.advance(10_000);
    expect(told).toEqual([true, true, false, true, false]);
  });
});
