import { judge, type Measured, type Quiet } from './judge';

const figures = (p99: number) => ({ p50: 1, p99, count: 100 });
const QUIET: Quiet = { send: figures(8), health: figures(2), troubles: [], megabytes: 150 };
const CALM: Measured = { send: figures(10), health: figures(3), troubles: [], alive: true, peakMegabytes: 200 };

describe('what a hostile probe may do to others', () => {
  it('is nothing that they feel', () => {
    expect(judge(QUIET, CALM, [])).toEqual({ broken: [], onlySlow: false, goal: true });
  });

  it('is not to slow them to more than ten times, nor, where that is less, by more than 50 ms', () => {
    expect(judge(QUIET, { ...CALM, send: figures(80) }, [])).toMatchObject({ broken: [], goal: false });
    expect(judge(QUIET, { ...CALM, health: figures(52) }, [])).toMatchObject({ broken: [], goal: true });
    const { broken, onlySlow } = judge(QUIET, { ...CALM, send: figures(81), health: figures(53) }, []);
    expect(broken).toEqual([
      expect.stringContaining('an honest send took 81'),
      expect.stringContaining('/health/live'),
    ]);
    expect(onlySlow).toBe(true);
  });

  it('is not to keep them from being measured at all', () => {
    expect(judge(QUIET, { ...CALM, send: { p50: Infinity, p99: Infinity, count: 0 } }, []).broken).toHaveLength(1);
  });

  it('is not to cost more than 250 MB', () => {
    expect(judge(QUIET, { ...CALM, peakMegabytes: 401 }, [])).toMatchObject({
      onlySlow: false,
      broken: [expect.stringContaining('251 MB')],
    });
  });

  it('is not to end the process, nor anything that the probe itself looks at', () => {
    expect(judge(QUIET, { ...CALM, alive: false }, []).broken).toEqual(['the process died']);
    expect(judge(QUIET, CALM, ['the flooding socket was not closed']).broken).toHaveLength(1);
    expect(judge(QUIET, { ...CALM, troubles: ['an honest send was refused: BUSY'] }, []).broken).toHaveLength(1);
  });
});
