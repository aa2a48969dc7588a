import { type FeedPorts, READ_MAX, RECENT_MAX, RoomFeed, type RoomMessage } from './room-feed';
import { frameOf } from '../../../platform/realtime/frame';

const message = (seq: number, version = 1): RoomMessage => ({
  seq,
  version,
  frame: frameOf('message:new', `{"seq":${seq}}`),
});

/** A log for the feed to read, and the seqs that it has delivered. */
class Bench implements FeedPorts {
  readonly log: RoomMessage[] = [];
  readonly out: number[] = [];
  applied = 1;
  refreshed: number[] = [];
  reads = 0;
  away = false;
  readonly feed = new RoomFeed(this);

  publish({ seq }: RoomMessage): void {
    this.out.push(seq);
  }
  version(): number {
    return this.applied;
  }
  refresh(version: number): Promise<void> {
    this.refreshed.push(version);
    this.applied = Math.max(this.applied, version);
    return Promise.resolve();
  }
  read(after: number): Promise<RoomMessage[]> {
    this.reads++;
    if (this.away) return Promise.reject(new Error('the database is away'));
    return Promise.resolve(this.log.filter(({ seq }) => seq > after).slice(0, READ_MAX));
  }
  latest(): Promise<RoomMessage[]> {
    return Promise.resolve(this.log.slice(-RECENT_MAX));
  }
  store(count: number, version = 1): RoomMessage[] {
    const from = this.log.length;
    for (let n = 1; n <= count; n++) this.log.push(message(from + n, version));
    return this.log.slice(from);
  }
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('the feed of a room', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('delivers by seq and each message once, in whatever order and however often they arrive', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    const said = bench.store(200);
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
    for (let n = said.length - 1; n > 0; n--) {
      const other = random(n + 1);
      [said[n], said[other]] = [said[other], said[n]];
    }
    for (const one of said) for (let again = random(3); again >= 0; again--) bench.feed.receive(one);
    expect(bench.out).toEqual(upTo(200));
    await jest.runAllTimersAsync();
    expect(bench.reads).toBe(0);
  });

  it('skips nothing when a message overtakes earlier ones while the log is read', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    for (const one of bench.store(2)) bench.feed.receive(one);
    bench.feed.catchUp(); // reads a log that ends here
    const [third, fourth, fifth] = bench.store(3);
    if (fifth) bench.feed.receive(fifth);
    await jest.advanceTimersByTimeAsync(0);
    for (const one of [third, fourth]) if (one) bench.feed.receive(one);
    await jest.runAllTimersAsync();
    expect(bench.out).toEqual(upTo(5));
  });

  it('reads messages that never arrive from the log, and keeps those that arrive meanwhile in order', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    const said = bench.store(10);
    for (const one of said) if (one.seq !== 3 && one.seq !== 7) bench.feed.receive(one);
    expect(bench.out).toEqual([1, 2]);
    await jest.runAllTimersAsync();
    expect(bench.out).toEqual(upTo(10));
  });

  it('finds lost last messages when told to catch up, and tries again when the database is back', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    bench.store(450);
    bench.away = true;
    bench.feed.catchUp();
    await jest.advanceTimersByTimeAsync(10);
    expect(bench.out).toEqual([]);
    bench.away = false;
    bench.feed.catchUp();
    await jest.runAllTimersAsync();
    expect(bench.out).toEqual(upTo(450));
  });

  it('loses no message that arrives while it starts, and delivers none from before', () => {
    const bench = new Bench();
    bench.store(60);
    for (const one of bench.store(3)) bench.feed.receive(one);
    bench.feed.start(bench.log.slice(10, 60), 60);
    expect(bench.out).toEqual([61, 62, 63]);
    expect(bench.feed.recent.map(({ seq }) => seq)).toEqual(upTo(63, 14));
  });

  it('delivers no message that was stored after a removal before it has applied the removal', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    const [before, after] = [bench.store(1), bench.store(2, 5)];
    for (const one of [...after, ...before]) bench.feed.receive(one);
    expect(bench.out).toEqual([1]);
    await jest.runAllTimersAsync();
    expect(bench.refreshed).toEqual([5]);
    expect(bench.out).toEqual([1, 2, 3]);
  });

  it('skips messages that have expired from the log', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    bench.store(30);
    bench.log.splice(0, 20);
    bench.feed.catchUp();
    await jest.runAllTimersAsync();
    expect(bench.out).toEqual(upTo(30, 21));
  });

  it('skips to the latest messages when it is far behind; the gap in the seqs tells clients what to pull', async () => {
    const bench = new Bench();
    bench.feed.start([], 0);
    bench.store(5000);
    bench.feed.catchUp();
    await jest.runAllTimersAsync();
    expect(bench.out.slice(-RECENT_MAX)).toEqual(upTo(5000, 4951));
    expect(bench.out.length).toBeLessThan(1500);
    bench.feed.receive(bench.store(1)[0]);
    expect(bench.out.at(-1)).toBe(5001);
  });
});
