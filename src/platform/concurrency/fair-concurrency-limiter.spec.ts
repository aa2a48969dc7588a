import { FairConcurrencyLimiter, type FairConcurrencyLimiterOptions } from './fair-concurrency-limiter';

const OPTIONS: FairConcurrencyLimiterOptions = {
  atOnce: 2,
  waitingMax: 100,
  waitingOfOneMax: 8,
  waitMaxMs: 60_000,
  retryAfterMs: () => 1000,
};

/** Tasks that end when the test says so, and the order in which they began. */
class Yard {
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  private readonly ends = new Map<string, () => void>();

  constructor(private readonly limiter: FairConcurrencyLimiter) {}

  ask(name: string, group: number, owner: number, share?: number): void {
    const work = () => new Promise<void>((resolve) => (this.begun.push(name), this.ends.set(name, resolve)));
    this.limiter.run({ group, owner, share }, work).catch((error: { code: string }) => {
      this.refused.push(`${name} ${error.code}`);
    });
  }

  async end(...names: string[]): Promise<void> {
    for (const name of names) {
      this.ends.get(name)?.();
      await settled();
    }
  }

  /** Ends whatever runs until nothing does. */
  async endAll(): Promise<void> {
    for (let at = 0; at < this.begun.length; at++) await this.end(this.begun[at]);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const aYard = (options: Partial<FairConcurrencyLimiterOptions> = {}) =>
  new Yard(new FairConcurrencyLimiter({ ...OPTIONS, ...options }));

describe('a fair concurrency limiter', () => {
  test('one owner has one task under way, and the next begins when it ends', async () => {
    const yard = aYard();
    for (const name of ['a1', 'a2', 'a3']) yard.ask(name, 1, 1);
    yard.ask('b1', 1, 2);
    await settled();
    expect(yard.begun).toEqual(['a1', 'b1']);
    await yard.end('a1');
    expect(yard.begun).toEqual(['a1', 'b1', 'a2']);
    await yard.endAll();
    expect(yard.begun).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  test('an owner with a larger share takes turns with the others of its group', async () => {
    const yard = aYard({ atOnce: 4 });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) yard.ask(name, 1, 1, 3);
    yard.ask('b1', 1, 2, 3);
    for (const name of ['b2', 'b3']) yard.ask(name, 1, 2, 3);
    await settled();
    expect(yard.begun).toEqual(['a1', 'a2', 'a3', 'b1']);
    await yard.end('a1');
    expect(yard.begun.slice(4)).toEqual(['b2']);
    await yard.end('a2', 'b1');
    expect(yard.begun.slice(5).sort()).toEqual(['a4', 'b3']);
    await yard.endAll();
    expect(yard.begun).toHaveLength(8);
  });

  test('groups take turns, whichever has more waiting', async () => {
    const yard = aYard({ atOnce: 1 });
    for (let user = 0; user < 5; user++) yard.ask(`a${user}`, 1, user);
    yard.ask('b0', 2, 100);
    yard.ask('c0', 3, 200);
    await settled();
    await yard.endAll();
    expect(yard.begun).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'a3', 'a4']);
  });

  test('an owner with too much waiting is refused, others are not', async () => {
    const yard = aYard({ atOnce: 1, waitingOfOneMax: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) yard.ask(name, 1, 1);
    yard.ask('b1', 1, 2);
    await settled();
    expect(yard.refused).toEqual(['a4 BUSY']);
    await yard.endAll();
    expect([...yard.begun].sort()).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  test('where all places to wait are taken, the group that holds most of them makes room', async () => {
    const yard = aYard({ atOnce: 1, waitingMax: 4 });
    for (let user = 0; user < 6; user++) yard.ask(`a${user}`, 1, user);
    await settled();
    expect(yard.refused).toEqual(['a5 BUSY']);
    yard.ask('b0', 2, 100);
    yard.ask('b1', 2, 101);
    await settled();
    expect(yard.refused).toEqual(['a5 BUSY', 'a4 BUSY', 'a3 BUSY']);
    yard.ask('b2', 2, 102);
    await settled();
    expect(yard.refused).toEqual(['a5 BUSY', 'a4 BUSY', 'a3 BUSY', 'b2 BUSY']);
    await yard.endAll();
    expect(yard.begun).toEqual(['a0', 'a1', 'b0', 'a2', 'b1']);
  });

  test('who waits too long is refused, and holds no place afterwards', async () => {
    const yard = aYard({ atOnce: 1, waitMaxMs: 1 });
    yard.ask('a1', 1, 1);
    yard.ask('b1', 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(yard.refused).toEqual(['b1 BUSY']);
    await yard.end('a1');
    yard.ask('b2', 1, 2);
    await settled();
    expect(yard.begun).toEqual(['a1', 'b2']);
  });

  test('what fails gives its place back', async () => {
    const limiter = new FairConcurrencyLimiter({ ...OPTIONS, atOnce: 1 });
    const failing = limiter.run({ group: 1, owner: 1 }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    await expect(limiter.run({ group: 1, owner: 1 }, () => Promise.resolve(7))).resolves.toBe(7);
  });
});
