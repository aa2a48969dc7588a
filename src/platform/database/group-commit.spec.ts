import fc from 'fast-check';
import { GroupCommit, type Settlement } from './group-commit';

interface Item {
  lane: number;
  n: number;
}

const aQueue = (
  run: (batch: Item[]) => Promise<Settlement<number>[]>,
  limits: Partial<{ queueMax: number; laneMax: number; besideMin: number; paced: boolean; waitMaxMs: number }> = {},
) =>
  new GroupCommit<Item, number>({
    run,
    lane: ({ lane }) => lane,
    batchMax: 4,
    inFlightMax: 2,
    queueMax: 1000,
    laneMax: 1000,
    ...limits,
  });

describe('group commit', () => {
  it('stores every item once, each lane in the order of its calls, and never one lane in two batches at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 })), { maxLength: 80 }),
        async (calls) => {
          const stored = new Map<number, number[]>();
          const underWay = new Set<number>();
          const queue = aQueue(async (batch) => {
            const lanes = new Set(batch.map(({ lane }) => lane));
            for (const lane of lanes) {
              expect(underWay.has(lane)).toBe(false);
              underWay.add(lane);
            }
            for (let tick = 0; tick < (calls[batch[0].n]?.[1] ?? 0); tick++) await new Promise(setImmediate);
            for (const { lane, n } of batch) stored.set(lane, [...(stored.get(lane) ?? []), n]);
            for (const lane of lanes) underWay.delete(lane);
            return batch.map(({ n }) => ({ ok: n }));
          });
          const answers = await Promise.all(calls.map(([lane], n) => queue.submit({ lane, n })));
          expect(answers).toEqual(calls.map((_, n) => n));
          for (const [lane, ns] of stored) expect(ns).toEqual(calls.flatMap(([l], n) => (l === lane ? [n] : [])));
          await queue.drained();
        },
      ),
      { numRuns: 50 },
    );
  });

  describe('paced', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
    afterEach(() => jest.useRealTimers());

    const aPacedQueue = () => {
      const sizes: number[] = [];
      const queue = aQueue(
        (batch) => {
          sizes.push(batch.length);
          return Promise.resolve(batch.map(({ n }) => ({ ok: n })));
        },
        { besideMin: 3, paced: true },
      );
      return { queue, sizes };
    };
    const turn = () => new Promise(setImmediate);

    it('stores the first at once and gathers what follows closely', async () => {
      const { queue, sizes } = aPacedQueue();
      expect(await queue.submit({ lane: 0, n: 0 })).toBe(0);
      const answers = [1, 2].map((n) => queue.submit({ lane: n, n }));
      await turn();
      expect(sizes).toEqual([1]);
      jest.advanceTimersByTime(10);
      expect(await Promise.all(answers)).toEqual([1, 2]);
      expect(sizes).toEqual([1, 2]);
    });

    it('stores enough at once however soon they follow', async () => {
      const { queue, sizes } = aPacedQueue();
      await queue.submit({ lane: 0, n: 0 });
      expect(await Promise.all([1, 2, 3].map((n) => queue.submit({ lane: n, n })))).toEqual([1, 2, 3]);
      expect(sizes).toEqual([1, 3]);
    });
  });

  describe('with a batch under way', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
    afterEach(() => jest.useRealTimers());

    const aSlowQueue = () => {
      const sizes: number[] = [];
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const queue = aQueue(
        async (batch) => {
          sizes.push(batch.length);
          await gate;
          return batch.map(({ n }) => ({ ok: n }));
        },
        { besideMin: 3 },
      );
      const answers: Promise<number>[] = [];
      const submit = async (n: number) => {
        answers.push(queue.submit({ lane: n, n }));
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      };
      const finish = () => {
        open();
        return Promise.all(answers);
      };
      return { sizes, submit, finish };
    };

    it('begins another beside it for enough items, and lets fewer wait', async () => {
      const { sizes, submit, finish } = aSlowQueue();
      for (const n of [0, 1, 2]) await submit(n);
      expect(sizes).toEqual([1]);
      await submit(3);
      expect(sizes).toEqual([1, 3]);
      expect(await finish()).toEqual([0, 1, 2, 3]);
    });

    it('lets them wait for a moment only', async () => {
      const { sizes, submit, finish } = aSlowQueue();
      for (const n of [0, 1]) await submit(n);
      expect(sizes).toEqual([1]);
      jest.advanceTimersByTime(10);
      await new Promise(setImmediate);
      expect(sizes).toEqual([1, 1]);
      expect(await finish()).toEqual([0, 1]);
    });
  });

  it('lets a lane wait for what is stored later, and no other lane with it', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const order: number[] = [];
    const queue = aQueue((batch) =>
      Promise.resolve(
        batch.map(({ lane, n }) => {
          if (lane === 1 && n === 0) return { later: gate.then(() => order.push(n)) };
          order.push(n);
          return { ok: n };
        }),
      ),
    );
    const stuck = [0, 1].map((n) => queue.submit({ lane: 1, n }));
    await new Promise(setImmediate);
    stuck.push(queue.submit({ lane: 1, n: 2 }));
    expect(await queue.submit({ lane: 2, n: 9 })).toBe(9);
    const rest = queue.drained().then(() => order.push(99));
    open();
    await Promise.all([...stuck, rest]);
    expect(order.indexOf(0)).toBeLessThan(order.indexOf(2));
    expect(order.at(-1)).toBe(99);
  });

  it('gives each item its own error, and all of a failed batch the same', async () => {
    const queue = aQueue((batch) => {
      if (batch.some(({ n }) => n === 99)) return Promise.reject(new Error('away'));
      return Promise.resolve(batch.map(({ n }) => (n % 2 ? { error: new Error(`no ${n}`) } : { ok: n })));
    });
    const first = await Promise.allSettled([0, 1, 2].map((n) => queue.submit({ lane: n, n })));
    expect(first.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const second = await Promise.allSettled([99, 100].map((n) => queue.submit({ lane: n, n })));
    expect(second.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('refuses with BUSY beyond its bounds, before any work, and accepts again once there is room', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const queue = aQueue(
      async (batch) => {
        await gate;
        return batch.map(({ n }) => ({ ok: n }));
      },
      { queueMax: 3, laneMax: 2 },
    );
    const busy = { code: 'BUSY', extras: { retryAfterMs: expect.any(Number) } };
    const accepted = [queue.submit({ lane: 1, n: 1 }), queue.submit({ lane: 1, n: 2 })];
    await expect(queue.submit({ lane: 1, n: 3 })).rejects.toMatchObject(busy);
    accepted.push(queue.submit({ lane: 2, n: 4 }));
    await expect(queue.submit({ lane: 3, n: 5 })).rejects.toMatchObject(busy);
    open();
    expect(await Promise.all(accepted)).toEqual([1, 2, 4]);
    expect(await queue.submit({ lane: 3, n: 5 })).toBe(5);
  });

  it('refuses a lane with BUSY, before any work, once its first item has waited too long', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const run: number[] = [];
    const queue = aQueue(
      async (batch) => {
        run.push(...batch.map(({ n }) => n));
        await gate;
        return batch.map(({ n }) => ({ ok: n }));
      },
      { waitMaxMs: 1000 },
    );
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const first = [0, 1].map((lane) => queue.submit({ lane, n: lane }));
    await new Promise(setImmediate);
    const late = Promise.allSettled([10, 11].map((n) => queue.submit({ lane: 0, n })));
    now.mockReturnValue(1001);
    open();
    expect(await Promise.all(first)).toEqual([0, 1]);
    const busy = { status: 'rejected', reason: expect.objectContaining({ code: 'BUSY' }) };
    expect(await late).toEqual([busy, busy]);
    await queue.drained();
    now.mockRestore();
    expect([run, queue.waiting]).toEqual([[0, 1], 0]);
  });

  it('is crowded while more than half of what may wait does, and not before or after', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const queue = aQueue(
      async (batch) => {
        await gate;
        return batch.map(({ n }) => ({ ok: n }));
      },
      { queueMax: 4 },
    );
    const waiting = [queue.submit({ lane: 1, n: 1 }), queue.submit({ lane: 2, n: 2 })];
    expect(queue.crowded).toBe(false);
    waiting.push(queue.submit({ lane: 3, n: 3 }));
    expect(queue.crowded).toBe(true);
    open();
    await Promise.all(waiting);
    expect(queue.crowded).toBe(false);
  });
});
