import type { UnreadTotals } from '../conversations';
import { Badges } from './badges';
import type { PushBatches } from './tasks/push-batches';

/** What is unread now, and which batch was written last. */
function aReader() {
  const now = { unread: 1, latest: 10 };
  let reads = 0;
  const totals = {
    of: (userPks: readonly number[]) => {
      reads++;
      return Promise.resolve(new Map(userPks.map((userPk) => [userPk, now.unread])));
    },
  } as unknown as UnreadTotals;
  const badges = new Badges(totals, { latest: () => Promise.resolve(now.latest) } as unknown as PushBatches);
  const badge = async (batchPk?: number) => (await badges.of([{ userPk: 7, batchPk }])).get(7);
  return { now, badge, reads: () => reads };
}

it('one sum answers for all pushes to a reader that were opened before it was read', async () => {
  const { badge, reads } = aReader();
  expect([await badge(8), await badge(9), await badge(10)]).toEqual([1, 1, 1]);
  expect(reads()).toBe(1);
});

it('a push that was opened after a sum was read has a sum of its own', async () => {
  const { now, badge } = aReader();
  await badge(10);
  Object.assign(now, { unread: 2, latest: 11 });
  expect(await badge(11)).toBe(2);
});

it('a push that something joined has a sum of its own: what joined it may be later than any sum', async () => {
  const { now, badge } = aReader();
  await badge(10);
  now.unread = 2;
  expect(await badge(undefined)).toBe(2);
});
