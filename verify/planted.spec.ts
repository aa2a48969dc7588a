import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readPlantedBugs } from './planted';

const root = join(__dirname, '..');
const bugs = readPlantedBugs(join(__dirname, 'planted'));

describe('the planted bugs', () => {
  it('are six at the least, and between them break most of what is promised', () => {
    expect(bugs.length).toBeGreaterThanOrEqual(6);
    expect(new Set(bugs.map(({ invariant }) => invariant)).size).toBeGreaterThanOrEqual(6);
  });

  it.each(bugs)('$name applies to the present sources, and has a fault to show it', ({ patch, files, faultCount }) => {
    expect(() => execFileSync('git', ['apply', '--check', patch], { cwd: root, stdio: 'pipe' })).not.toThrow();
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(faultCount).toBeGreaterThan(0);
  });
});
