import { randomBytes } from 'node:crypto';
import { KEPT, raised } from '../scripts/lib/raised-limits.mjs';
import { EVERY_VARIABLE, readSettings } from '../src/platform/config/read-settings';

/** How a limit of how much is named. Another kind of limit has a reason to stay as it is, or a name to be added here. */
const HOW_MUCH = /_(PER_(SECOND|HOUR|USER|ADDRESS)|BURST|MAX)$/;

describe('the limits that are raised for the checker and the benchmark', () => {
  const names = Object.keys(raised(EVERY_VARIABLE));

  it('are all that say how much one party may do', () => {
    expect(names.filter((name) => !HOW_MUCH.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['LIMIT_USER_SENDS_PER_SECOND', 'HTTP_REQUESTS_PER_ADDRESS']));
    expect(names.length).toBeGreaterThan(20);
  });

  it('leave out only what there is, each for a reason', () => {
    expect(Object.keys(KEPT).filter((name) => !EVERY_VARIABLE.includes(name))).toEqual([]);
    expect(Object.values(KEPT).filter((why) => why.length < 10)).toEqual([]);
  });

  it('leave out what a run is about', () => {
    const kept = Object.keys(raised(EVERY_VARIABLE, ['LIMIT_ROOM_SENDS_PER_SECOND']));
    expect(names.filter((name) => !kept.includes(name))).toEqual(['LIMIT_ROOM_SENDS_PER_SECOND']);
  });

  it('are values that the product takes', () => {
    const stores = { MYSQL_URL: 'mysql://u:p@h:1/d', REDIS_URL: 'redis://h:1' };
    const key = randomBytes(32).toString('base64');
    const { limits, http } = readSettings({ ...stores, ENCRYPTION_KEY: key, ...raised(EVERY_VARIABLE) });
    expect([limits.sessionsPerUser, http.connectionsPerAddress]).toEqual([1e9, 1e9]);
  });
});
