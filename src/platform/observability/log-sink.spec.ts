import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { LogSink } from './log-sink';

describe('a log that cannot be written', () => {
  it('throws nothing and holds nobody up, and the next line that can be written says how many were lost', () => {
    const dir = mkdtempSync(join(tmpdir(), 'parley-log-'));
    const path = join(dir, 'log');
    const full = openSync('/dev/full', 'w');
    const sink = new LogSink(full);
    const log = pino({}, sink);
    for (let n = 0; n < 100; n++) log.info({ n }, 'x'.repeat(1000));
    closeSync(full);

    // The disk has room again: the same descriptor, another file behind it.
    const file = openSync(path, 'w');
    Object.assign(sink, { fd: file });
    log.info('back');
    log.info('again');
    closeSync(file);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    rmSync(dir, { recursive: true });
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ msg: 'log lines were lost', lost: 100 }),
      expect.objectContaining({ msg: 'back' }),
      expect.objectContaining({ msg: 'again' }),
    ]);
  });
});
