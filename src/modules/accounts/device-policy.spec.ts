import fc from 'fast-check';
import { losers, type BoundSession, type DevicePolicy } from './device-policy';

const aSession = (pk: number, boundAt: number, platform = 'ios'): BoundSession => ({ pk, boundAt, platform });
const pks = (sessions: readonly BoundSession[]): number[] => sessions.map(({ pk }) => pk).sort((a, b) => a - b);

describe('the device policy', () => {
  it('single: the newcomer drives everybody out', () => {
    const others = [aSession(1, 10), aSession(2, 20, 'web')];
    expect(pks(losers({ kind: 'single', max: 5 }, aSession(3, 30), others))).toEqual([1, 2]);
  });

  it('one-per-platform: only those of its own platform', () => {
    const others = [aSession(1, 10, 'ios'), aSession(2, 20, 'web'), aSession(3, 5, 'android')];
    expect(pks(losers({ kind: 'one-per-platform', max: 5 }, aSession(4, 30, 'web'), others))).toEqual([2]);
  });

  it('one-per-platform: a hundred platforms at most, for clients name them', () => {
    const others = Array.from({ length: 120 }, (_, n) => aSession(n + 1, n, `platform-${n}`));
    const gone = losers({ kind: 'one-per-platform', max: 5 }, aSession(500, 1000, 'web'), others);
    expect(pks(gone)).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
  });

  it('multi: the oldest go, as many as are too many', () => {
    const others = [aSession(3, 30), aSession(1, 10), aSession(2, 20)];
    expect(pks(losers({ kind: 'multi', max: 4 }, aSession(9, 40), others))).toEqual([]);
    expect(pks(losers({ kind: 'multi', max: 3 }, aSession(9, 40), others))).toEqual([1]);
    expect(pks(losers({ kind: 'multi', max: 1 }, aSession(9, 40), others))).toEqual([1, 2, 3]);
  });

  it('leaves exactly as many as it allows, the newcomer among them, whoever they are', () => {
    const others = fc.uniqueArray(
      fc.record({
        pk: fc.integer({ min: 1, max: 99 }),
        boundAt: fc.nat(9),
        platform: fc.constantFrom('ios', 'web', 'pc'),
      }),
      { selector: ({ pk }) => pk, maxLength: 12 },
    );
    fc.assert(
      fc.property(others, fc.integer({ min: 1, max: 8 }), (present, max) => {
        const policy: DevicePolicy = { kind: 'multi', max };
        const gone = losers(policy, aSession(100, 10), present);
        const stayed = present.filter((session) => !gone.includes(session));
        expect(stayed.length + 1).toBe(Math.min(max, present.length + 1));
        for (const loser of gone)
          for (const stayer of stayed) expect(loser.boundAt).toBeLessThanOrEqual(stayer.boundAt);
      }),
    );
  });
});
