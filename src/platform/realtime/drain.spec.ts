import { readSettings } from '../config/read-settings';
import type { Admission } from './admission';
import type { Bus } from './bus';
import type { Connections } from './connections';
import type { Dispatcher } from './dispatcher';
import { Drain } from './drain';
import type { Outbound } from './outbound';

const GOOD = {
  MYSQL_URL: 'mysql://u:p@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
};

/** A node on which one event is being worked on. */
function draining(env: Record<string, string>) {
  const dispatcher = { unanswered: 1 };
  const admission = { closed: false };
  const drain = new Drain(
    admission as Admission,
    { peers: [] } as unknown as Bus,
    { all: () => [] } as unknown as Connections,
    dispatcher as Dispatcher,
    {} as Outbound,
    readSettings({ ...GOOD, ...env }),
  );
  let ended = false;
  const done = drain.drain().then(() => (ended = true));
  return { dispatcher, admission, done, hasEnded: () => ended };
}

describe('a drain', () => {
  it('waits REALTIME_DRAIN_MS for an answer that never comes, and lets nobody in meanwhile', async () => {
    const short = draining({ REALTIME_DRAIN_MS: '100' });
    const long = draining({ REALTIME_DRAIN_MS: '3600000' });
    expect(short.admission.closed).toBe(true);
    await short.done;
    expect(long.hasEnded()).toBe(false);
    long.dispatcher.unanswered = 0;
    await long.done;
  });
});
