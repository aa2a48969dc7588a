import fc from 'fast-check';
import { localeOf } from './locale';

describe("a language as a device's system names it", () => {
  it.each([
    // iOS, browsers
    ['zh-Hans-CN', 'zh-Hans-CN'],
    ['zh-Hans_CN', 'zh-Hans-CN'],
    ['en-US@rg=gbzzzz', 'en-US'],
    ['en_US@calendar=gregorian', 'en-US'],
    ['en-US-u-fw-mon-mu-celsius', 'en-US'],
    ['en', 'en'],
    ['pt-br', 'pt-BR'],
    ['es-419', 'es-419'],
    ['en-001', 'en-001'],
    ['en_US_POSIX', 'en-US'],
    ['de-CH-1996', 'de-CH-1996'],
    ['en-x-pirate', 'en'],
    // Java, Android
    ['zh_CN_#Hans', 'zh-Hans-CN'],
    ['zh__#Hant', 'zh-Hant'],
    ['zh_TW_#Hant_u-nu-latn', 'zh-Hant-TW'],
    ['sr_RS_#Latn', 'sr-Latn-RS'],
    ['ja_JP_JP_#u-ca-japanese', 'ja-JP'],
    ['th_TH_TH_#u-nu-thai', 'th-TH'],
    ['no_NO_NY', 'no-NO'],
    ['iw', 'he'],
    ['iw_IL', 'he-IL'],
    ['in_ID', 'id-ID'],
    ['ji', 'yi'],
    // POSIX
    ['en_US.UTF-8', 'en-US'],
    ['de_DE.UTF-8@euro', 'de-DE'],
    ['ca_ES@valencia', 'ca-ES'],
    // Carelessly written
    [' zh_CN ', 'zh-CN'],
    ['zh-cn-hans', 'zh-Hans-CN'],
    ['ZH', 'zh'],
  ])('%s is %s', (said, meant) => {
    expect(localeOf(said)).toBe(meant);
  });

  it.each([
    '',
    ' ',
    'C',
    'POSIX',
    'und',
    'und-US',
    'English',
    '汉语',
    'x-pirate',
    '12',
    'en US',
    `en-${'x'.repeat(200)}`,
    '_US',
  ])('is not found in %j', (said) => expect(localeOf(said)).toBeUndefined());

  it('is a tag that fits its column and means the same when it is read again, whatever was said', () => {
    const parts = fc.constantFrom(
      'zh',
      'Hans',
      'CN',
      '_',
      '-',
      '#',
      '@',
      '.',
      'u',
      'ca',
      'x',
      '1996',
      'posix',
      'valencia',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(parts).map((said) => said.join('')),
          fc.string(),
        ),
        (said) => {
          const meant = localeOf(said);
          fc.pre(meant !== undefined);
          expect(meant).toMatch(/^[A-Za-z0-9-]{2,35}$/);
          expect(localeOf(meant ?? '')).toBe(meant);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
