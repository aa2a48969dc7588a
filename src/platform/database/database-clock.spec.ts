import { Logger } from '@nestjs/common';
import { DatabaseClock } from './database-clock';
import type { Sql } from './sql';

describe('a machine whose clock differs from the database’s', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['behind', 60_000],
    ['ahead of', -60_000],
  ])('is told that it is %s it, and by how much', async (side, differsByMs) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const rows = () => Promise.resolve([{ now: new Date(Date.now() + differsByMs) }]);
    const clock = new DatabaseClock({ rows } as unknown as Sql);
    await clock.onModuleInit();
    clock.onApplicationShutdown();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining(`is 60.0 s ${side} the database's.`));
  });
});
