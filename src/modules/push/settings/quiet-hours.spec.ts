import fc from 'fast-check';
import { isQuiet, isTimeZone } from './quiet-hours';

const at = (iso: string): Date => new Date(iso);
const night = { from: '22:00', to: '07:00' };

describe('quiet hours', () => {
  it('begin with their first minute and end with their last', () => {
    const lunch = { from: '12:00', to: '13:30' };
    expect(isQuiet(lunch, at('2026-11-21T11:59:59.999Z'))).toBe(false);
    expect(isQuiet(lunch, at('2026-11-21T12:00:00Z'))).toBe(true);
    expect(isQuiet(lunch, at('2026-11-21T13:29:59.999Z'))).toBe(true);
    expect(isQuiet(lunch, at('2026-11-21T13:30:00Z'))).toBe(false);
  });

  it('go on past midnight', () => {
    expect(isQuiet(night, at('2026-11-21T23:59:00Z'))).toBe(true);
    expect(isQuiet(night, at('2026-11-21T00:00:00Z'))).toBe(true);
    expect(isQuiet(night, at('2026-11-21T06:59:00Z'))).toBe(true);
    expect(isQuiet(night, at('2026-11-21T07:00:00Z'))).toBe(false);
    expect(isQuiet(night, at('2026-11-21T21:59:00Z'))).toBe(false);
  });

  it("are the user's own time zone before the device's, and UTC where neither is known", () => {
    const evening = at('2026-11-21T13:00:00Z'); // 21:00 in Shanghai, 22:00 in Tokyo
    expect(isQuiet(night, evening, 'Asia/Shanghai')).toBe(false);
    expect(isQuiet(night, evening, 'Asia/Tokyo')).toBe(true);
    expect(isQuiet({ ...night, timeZone: 'Asia/Shanghai' }, evening, 'Asia/Tokyo')).toBe(false);
    expect(isQuiet(night, evening, 'Mars/Olympus')).toBe(false);
    expect(isQuiet({ ...night, timeZone: 'Mars/Olympus' }, evening, 'Asia/Tokyo')).toBe(true);
  });

  it('follow the wall clock when clocks are put forward', () => {
    // Berlin, 2026-03-29: 02:00 becomes 03:00, so 05:30Z is 07:30 there.
    const zone = 'Europe/Berlin';
    expect(isQuiet(night, at('2026-03-29T04:59:00Z'), zone)).toBe(true);
    expect(isQuiet(night, at('2026-03-29T05:00:00Z'), zone)).toBe(false);
    // An hour that does not exist is nobody's quiet hour.
    const skipped = { from: '02:00', to: '03:00' };
    for (let minute = 0; minute < 240; minute++) {
      expect(isQuiet(skipped, new Date(Date.UTC(2026, 2, 29, 0, minute)), zone)).toBe(false);
    }
  });

  it('come twice when clocks are put back', () => {
    const repeated = { from: '02:00', to: '03:00' };
    const zone = 'Europe/Berlin'; // 2026-10-25: 03:00 becomes 02:00
    let minutes = 0;
    for (let minute = 0; minute < 300; minute++) {
      if (isQuiet(repeated, new Date(Date.UTC(2026, 9, 24, 22, minute)), zone)) minutes++;
    }
    expect(minutes).toBe(120);
  });

  it('know zones that are not whole hours away', () => {
    expect(isQuiet({ from: '05:30', to: '05:45' }, at('2026-11-21T00:00:00Z'), 'Asia/Kolkata')).toBe(true);
    expect(isQuiet({ from: '05:45', to: '05:46' }, at('2026-11-21T00:00:00Z'), 'Asia/Kathmandu')).toBe(true);
  });

  it('know a zone by its offset too', () => {
    const evening = at('2026-11-21T16:30:00Z');
    expect(isQuiet(night, evening, '+05:30')).toBe(true);
    expect(isQuiet(night, evening, '+05:29')).toBe(false);
    expect(isQuiet({ ...night, timeZone: '-09:30' }, evening, 'Asia/Tokyo')).toBe(false);
    expect(isQuiet({ ...night, timeZone: '-09:31' }, evening, 'Asia/Tokyo')).toBe(true);
  });

  it('and what is left of the day make up the whole day, wherever and whenever it is', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
    const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    const moment = fc.date({ min: at('2000-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(time, time, zone, moment, (from, to, timeZone, now) => {
        fc.pre(from !== to);
        expect(isQuiet({ from, to }, now, timeZone)).not.toBe(isQuiet({ from: to, to: from }, now, timeZone));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a time zone', () => {
  it('is one that this server knows by name', () => {
    expect(['Asia/Shanghai', 'UTC', 'America/Argentina/Ushuaia'].every(isTimeZone)).toBe(true);
    expect(['', 'Nowhere', 'Asia/Shanghai '].some(isTimeZone)).toBe(false);
  });
});
