import { RoundRobinQueue } from './round-robin-queue';

const drained = (queue: RoundRobinQueue<number>): string[] => {
  const order: string[] = [];
  for (let taken = queue.take(); taken; taken = queue.take()) {
    order.push(`${taken.key}${taken.item}`);
    queue.done(taken.key);
  }
  return order;
};

describe('a round-robin queue', () => {
  it('gives every key its turn, however many wait before it', () => {
    const queue = new RoundRobinQueue<number>({ perKeyMax: 10, waitingMax: 10 });
    for (const item of [1, 2, 3]) queue.add('a', item);
    queue.add('b', 1);
    queue.add('c', 1);
    expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  it('hands out one of a key at a time', () => {
    const queue = new RoundRobinQueue<number>({ perKeyMax: 10, waitingMax: 10 });
    queue.add('a', 1);
    queue.add('a', 2);
    expect(queue.take()).toEqual({ key: 'a', item: 1 });
    expect(queue.take()).toBeUndefined();
    queue.add('b', 1);
    expect(queue.take()).toEqual({ key: 'b', item: 1 });
    queue.done('a');
    expect(queue.take()).toEqual({ key: 'a', item: 2 });
  });

  it('has an end for each key, counting what is under way, and for all', () => {
    const queue = new RoundRobinQueue<number>({ perKeyMax: 2, waitingMax: 3 });
    expect([queue.add('a', 1), queue.add('a', 2), queue.add('a', 3)]).toEqual([true, true, false]);
    queue.take();
    expect(queue.add('a', 3)).toBe(false);
    expect([queue.add('b', 1), queue.add('c', 1), queue.add('d', 1)]).toEqual([true, true, false]);
  });
});
