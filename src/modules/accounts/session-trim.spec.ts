import type { Settings } from '../../platform/config/settings';
import type { Sql } from '../../platform/database/sql';
import type { SessionEnder } from './session-ender';
import { SessionTrim } from './session-trim';

const NEW_ROWS = 16;

describe('the trimming of a user’s old sessions', () => {
  it('comes after so many new rows, and after the next one where it failed', async () => {
    const rows = jest.fn<Promise<unknown[]>, []>().mockRejectedValueOnce(new Error('away')).mockResolvedValue([]);
    const settings = { limits: { sessionsPerUser: 200 } } as Settings;
    const trim = new SessionTrim({ rows } as unknown as Sql, {} as SessionEnder, settings);
    for (let n = 0; n < NEW_ROWS - 1; n++) trim.made(1, 7);
    expect(rows).not.toHaveBeenCalled();
    trim.made(1, 7);
    await new Promise(setImmediate);
    expect(rows).toHaveBeenCalledTimes(1);
    trim.made(1, 7);
    await new Promise(setImmediate);
    expect(rows).toHaveBeenCalledTimes(3);
    trim.made(1, 7);
    await new Promise(setImmediate);
    expect(rows).toHaveBeenCalledTimes(3);
  });
});
