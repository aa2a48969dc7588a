import { isTimeZone } from '../settings/quiet-hours';
import { timeZoneOf } from './time-zone';
import { WINDOWS_ZONES } from './windows-zones';

describe("a time zone as a device's system names it", () => {
  it.each([
    ['Asia/Shanghai', 'Asia/Shanghai'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
    ['UTC', 'UTC'],
    ['Etc/GMT-8', 'Etc/GMT-8'],
    ['GMT', 'GMT'],
    ['GMT+08:00', '+08:00'],
    ['GMT+8', '+08:00'],
    ['UTC+8', '+08:00'],
    ['utc-0330', '-03:30'],
    ['GMT-3:30', '-03:30'],
    ['+05:45', '+05:45'],
    ['GMT+00:00', 'UTC'],
    ['China Standard Time', 'Asia/Shanghai'],
    ['india standard time', 'Asia/Kolkata'],
    ['(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi', '+08:00'],
    ['Asia/Shanghai (current)', 'Asia/Shanghai'],
    ['Asia/Shanghai (fixed (equal to current))', 'Asia/Shanghai'],
    ['Asia/Beijing', 'Asia/Shanghai'],
    ['PRC', 'Asia/Shanghai'],
    [':Europe/Berlin', 'Europe/Berlin'],
    [' Asia/Tokyo ', 'Asia/Tokyo'],
  ])('%s is %s', (said, meant) => {
    expect(timeZoneOf(said)).toBe(meant);
    expect(isTimeZone(meant)).toBe(true);
  });

  it.each(['', 'Etc/Unknown', 'Mars/Olympus', 'GMT+25', 'UTC+15:00', '+8:99', 'null', 'CST-8', 'x'.repeat(500)])(
    'is not found in %j',
    (said) => expect(timeZoneOf(said)).toBeUndefined(),
  );

  it('is one of this server and fits its column, by every name that Windows has', () => {
    expect(WINDOWS_ZONES.size).toBeGreaterThan(135);
    expect([...WINDOWS_ZONES].filter(([, zone]) => !isTimeZone(zone) || zone.length > 64)).toEqual([]);
  });
});
