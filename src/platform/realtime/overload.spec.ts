import { readSettings } from '../config/read-settings';
import { Overload } from './overload';

const GOOD = {
  MYSQL_URL: 'mysql://u:p@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
};

/** Keeps the event loop late, in turns of so many milliseconds, until `done`. */
async function busy(turnMs: number, done: () => boolean): Promise<void> {
  while (!done()) {
    for (const end = performance.now() + turnMs; performance.now() < end;) continue;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('overload', () => {
  it('is an event loop later than REALTIME_OVERLOAD_LAG_MS for two windows in a row, and by another bound none', async () => {
    const strict = new Overload(readSettings({ ...GOOD, REALTIME_OVERLOAD_LAG_MS: '50' }));
    const patient = new Overload(readSettings({ ...GOOD, REALTIME_OVERLOAD_LAG_MS: '60000' }));
    for (const one of [strict, patient]) one.onModuleInit();
    try {
      await busy(150, () => strict.now);
      expect(patient.now).toBe(false);
      while (strict.now) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      for (const one of [strict, patient]) one.onApplicationShutdown();
    }
  });
});
