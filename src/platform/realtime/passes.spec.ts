import { type Pass, Passes } from './passes';

/** Writing to one socket takes as long as it says; the clock stands still otherwise. */
class SlowPass implements Pass {
  constructor(
    private left: number,
    private readonly write: () => void,
  ) {}

  proceed(sockets: number): boolean {
    for (let n = Math.min(sockets, this.left); n > 0; n--) this.write();
    this.left -= sockets;
    return this.left <= 0;
  }
}

describe('passes over many sockets', () => {
  let now = 0;
  beforeEach(() => jest.spyOn(performance, 'now').mockImplementation(() => now));
  afterEach(() => jest.restoreAllMocks());

  /** Runs passes to their end; gives, for each turn of the event loop, which of them wrote how often. */
  async function turns(sizes: readonly number[], msAWrite: number): Promise<Map<number, number>[]> {
    const passes = new Passes();
    const result: Map<number, number>[] = [];
    let turn = new Map<number, number>();
    let left = sizes.reduce((a, b) => a + b);
    sizes.forEach((size, index) =>
      passes.begin(
        new SlowPass(size, () => {
          now += msAWrite;
          left--;
          turn.set(index, (turn.get(index) ?? 0) + 1);
        }),
      ),
    );
    expect(turn.size).toBe(0);
    while (left > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      result.push(turn);
      turn = new Map();
    }
    return result;
  }

  const msOf = (turn: Map<number, number>, msAWrite: number): number =>
    [...turn.values()].reduce((a, b) => a + b, 0) * msAWrite;

  it('never keep the event loop for more than 10 ms, whether one is long or many are under way', async () => {
    for (const sizes of [[5000], new Array<number>(200).fill(300)]) {
      const spent = (await turns(sizes, 0.01)).map((turn) => msOf(turn, 0.01));
      expect(spent.length).toBeGreaterThan(5);
      expect(Math.max(...spent)).toBeLessThan(10);
    }
  });

  it('take turns: a small one does not wait for the end of a large one', async () => {
    const [first] = await turns([100_000, 10], 0.01);
    expect(first?.get(1)).toBe(10);
  });
});
