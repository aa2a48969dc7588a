import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../scripts/lib/lock.mjs';
import { identityOf } from '../../scripts/lib/processes.mjs';
import { eventually, fixture, Run } from './support';

describe('the lock of a directory', () => {
  let dir: string;
  let path: string;
  const runs: Run[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'parley-lock-'));
    path = join(dir, 'launcher.lock');
  });
  afterEach(async () => {
    for (const run of runs) run.kill('SIGKILL');
    await Promise.all(runs.map((run) => run.exited));
    runs.length = 0;
    rmSync(dir, { recursive: true, force: true });
  });
  const another = (): Run => {
    const run = new Run([fixture('lock.mjs'), path]);
    runs.push(run);
    return run;
  };

  it('has one holder at a time, and is free after its release', async () => {
    const taken = await takeLock(path);
    expect(await takeLock(path)).toEqual({ holder: expect.objectContaining({ pid: process.pid }) });
    if ('lock' in taken) taken.lock.release();
    expect(await takeLock(path)).toHaveProperty('lock');
  });

  it('is recovered from a holder that was killed', async () => {
    const holder = another();
    await holder.says('mine');
    expect(await takeLock(path)).toEqual({ holder: expect.objectContaining({ pid: holder.pid }) });
    holder.kill('SIGKILL');
    await holder.exited;
    expect(await takeLock(path)).toMatchObject({ lock: { recovered: { pid: holder.pid } } });
  });

  it('is recovered when the pid of its holder now belongs to another process', async () => {
    writeFileSync(path, JSON.stringify({ ...identityOf(process.pid), startedAt: 'an earlier boot:1' }));
    expect(await takeLock(path)).toHaveProperty('lock');
  });

  it.each(['', '{"pid":', 'null', '[]'])('is recovered from a file that a power cut left as %j', async (left) => {
    writeFileSync(path, left);
    expect(await takeLock(path)).toHaveProperty('lock');
  });

  it('goes to exactly one of many that recover it in the same moment', async () => {
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'gone' }));
    const all = Array.from({ length: 6 }, another);
    await eventually(
      () => 'every one knows',
      () => all.every((run) => /mine|held/.test(run.output)),
    );
    const winners = all.filter((run) => run.output.includes('mine'));
    expect(winners).toHaveLength(1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: winners[0]?.pid });
  });
});
