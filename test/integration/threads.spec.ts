import { join } from 'node:path';
import { type ThreadAnswer, ThreadPool } from '../../src/platform/threads/thread-pool';
import type { Trial } from '../support/threads/trials.thread';

const TIMEOUT_MS = 1500;

describe('work on a thread of its own', () => {
  const pool = new ThreadPool({
    file: join(__dirname, '../support/threads/trials.thread.ts'),
    threads: 1,
    perKeyMax: 3,
    waitingMax: 5,
    timeoutMs: TIMEOUT_MS,
    heapMb: 32,
  });
  const run = (key: string, trial: Trial): Promise<ThreadAnswer> => pool.run(key, trial);
  const failure = (trial: Promise<unknown>): Promise<object> =>
    trial.then(
      () => ({}),
      (error: object) => error,
    );
  // The thread is there, and its program is read.
  beforeAll(async () => {
    for (let ready = false; !ready;)
      ready = await run('a', 'answer').then(
        () => true,
        () => false,
      );
  });
  afterAll(() => pool.close());

  it('is answered, its own errors included', async () => {
    expect(await run('a', 'answer')).toEqual({ value: 'did answer' });
    expect(await run('a', 'refuse')).toEqual({ error: 'not this one' });
  });

  it('leaves the event loop free, whatever it does, and has an end', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    expect(await failure(run('a', 'spin'))).toMatchObject({ reason: 'timeout' });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(TIMEOUT_MS / 100);
  });

  it.each([
    ['hoard', 'memory'],
    ['end', 'died'],
  ] as const)(
    'that takes the thread with it (%s) says so, and the next one has another thread',
    async (trial, reason) => {
      expect(await failure(run('a', trial))).toMatchObject({ reason });
      let answer: unknown;
      while (answer === undefined) answer = await run('a', 'answer').catch(() => undefined);
      expect(answer).toEqual({ value: 'did answer' });
    },
  );

  it('is done for everybody in turn: what one has waiting keeps nobody else back', async () => {
    const order: string[] = [];
    const told = (key: string, trial: Trial) => run(key, trial).then(() => order.push(key));
    await Promise.all([told('a', 50), told('a', 50), told('a', 50), told('b', 1), told('c', 1)]);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  it('is refused where too much waits already', async () => {
    const own = Array.from({ length: 4 }, () => failure(run('a', 20)));
    expect((await Promise.all(own)).map((error) => 'code' in error && error.code)).toEqual([
      false,
      false,
      false,
      'BUSY',
    ]);
  });
});
