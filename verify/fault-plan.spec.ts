import { FAULTS, planFaults } from './fault-plan';

describe('the plan of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(7, FAULTS, 12)).toEqual(planFaults(7, FAULTS, 12));
    expect(planFaults(7, FAULTS, 12)).not.toEqual(planFaults(8, FAULTS, 12));
  });

  it.each([1, 2, 3, 99])('has every kind before any comes again, in the order of the run (seed %d)', (seed) => {
    const plan = planFaults(seed, FAULTS, 2 * FAULTS.length);
    expect(new Set(plan.slice(0, FAULTS.length).map(({ fault }) => fault)).size).toBe(FAULTS.length);
    expect(plan.map(({ after }) => after)).toEqual(plan.map(({ after }) => after).sort((a, b) => a - b));
    expect(Math.max(...plan.map(({ after }) => after))).toBeLessThan(1);
  });

  it('keeps to the kinds that were asked for', () => {
    expect(planFaults(1, ['app-kill'], 3).map(({ fault }) => fault)).toEqual(['app-kill', 'app-kill', 'app-kill']);
  });
});
