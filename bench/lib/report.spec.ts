import { type Run, toJson, toTable } from './report.mjs';
import { reached, TARGETS } from './targets.mjs';

const run: Run = {
  machine: {
    cpu: 'Some CPU',
    cores: 2,
    memoryGiB: 24,
    os: 'Linux 6',
    node: '20.20.2',
    date: '2026-11-21T00:00:00.000Z',
  },
  commit: 'abc1234',
  quick: false,
  figures: [
    { id: 'P1', value: 0.31234567, details: { 'sends/s': 21_234.5 }, discarded: 1, trusted: true },
    { id: 'P1c', value: 6.5, details: {}, discarded: 0, trusted: false },
    { id: 'P4', skipped: 'no C compiler (cc) on this machine' },
  ],
  account: { rows: 1000, acknowledged: 1000 },
};

describe('the JSON report', () => {
  it('has machine, commit and for each figure the value with what it must be', () => {
    const report = JSON.parse(JSON.stringify(toJson(run))) as ReturnType<typeof toJson>;
    expect(report.machine).toEqual(run.machine);
    expect(report.commit).toBe('abc1234');
    expect(Object.keys(report.results)).toEqual(['P1', 'P1c']);
    expect(report.results.P1).toEqual({
      value: 0.3123,
      floor: 0.2,
      goal: 0.33,
      better: 'higher',
      against: TARGETS.P1?.against,
      unit: '× rate',
    });
  });

  it('says what was skipped and why, what was thrown away, and whether every acknowledgement is a row', () => {
    const report = toJson(run);
    expect(report.skipped).toEqual({ P4: 'no C compiler (cc) on this machine' });
    expect(report.details.P1).toMatchObject({ discardedSets: 1, trusted: true });
    expect(report.details.P1c).toMatchObject({ trusted: false });
    expect(report.account).toEqual({ rows: 1000, acknowledged: 1000, equal: true });
    expect(toJson({ ...run, account: { rows: 999, acknowledged: 1000 } }).account?.equal).toBe(false);
  });
});

describe('the table', () => {
  it('names each figure’s verdict and marks what cannot be trusted', () => {
    const lines = toTable(run).split('\n');
    expect(lines.find((line) => line.includes('P1 '))).toMatch(/0\.312 × rate +≥ 0\.2 +≥ 0\.33 +floor/);
    expect(lines.find((line) => line.includes('P1c '))).toMatch(/BELOW \?/);
    expect(lines.find((line) => line.includes('P4 '))).toMatch(/skipped/);
  });
});

describe('the targets', () => {
  it.each(Object.entries(TARGETS))('%s: the goal is not easier than the floor', (_id, target) => {
    expect(reached(target.goal, target)).toBe('goal');
    expect(['goal', 'floor']).toContain(reached(target.floor, target));
    expect(reached(target.better === 'higher' ? target.floor / 2 : target.floor * 2, target)).toBe('below');
  });
});
