import fc from 'fast-check';
import { cleanName } from './names';

const FAMILY = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}';
const ENGLAND = '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}';

describe('a name that people read', () => {
  it.each([
    ['Chinese', '张三'],
    ['Japanese, a form of one ideograph', '葛\u{E0100}城'],
    ['Japanese, a standardised form', '\u4E0D\uFE00'],
    ['Persian, not joined in a word', 'می\u200Cخواهم'],
    ['Arabic', 'مُحَمَّد'],
    ['Arabic, joined to nothing that follows', 'ه\u200Dه'],
    ['Hebrew, with points', 'שָׁלוֹם'],
    ['Sinhala, a joined letter', 'ශ්\u200Dරී ලංකා'],
    ['Malayalam, a chillu at the end', 'അവന്\u200D'],
    ['Malayalam, a chillu of today', 'അവൻ'],
    ['Devanagari, a half form', 'क्\u200Dष'],
    ['Devanagari, no ligature', 'क्\u200Cष'],
    ['Bengali, ya after ra', 'র\u200D্যাম'],
    ['Kannada', 'ರ್\u200Cನ'],
    ['Khmer', 'សុខា'],
    ['Thai, two marks on one letter', 'น้ำผึ้ง ที่รัก'],
    ['Tibetan', 'བསྟན་འཛིན་'],
    ['Myanmar', 'မောင်'],
    ['Mongolian, a form of its own', 'ᠮᠣᠩᠭᠣᠯ\u180Eᠠ'],
    ['Mongolian, a selected form', 'ᠨ\u180Bᠠ'],
    ['Vietnamese', 'Nguyễn'],
    ['Korean', '김철수'],
    ['old Korean, a syllable that is not whole', '\u1100\u1160'],
    ['old Korean, a vowel alone', '\u115F\u1161'],
    ['a family', FAMILY],
    ['a flag of several parts', '\u{1F3F3}\uFE0F\u200D\u{1F308}'],
    ['the flag of England', `Ann ${ENGLAND}`],
    ['a flag of two letters', '\u{1F1E8}\u{1F1F3}'],
    ['a skin tone', '\u{1F44D}\u{1F3FD}'],
    ['two people with skin tones', '\u{1F469}\u{1F3FD}\u200D\u{1F91D}\u200D\u{1F468}\u{1F3FB}'],
    ['a heart in colour', '\u2764\uFE0F'],
    ['a key cap', '1\uFE0F\u20E3'],
    ['blanks within', 'Ann  van der Berg'],
  ])('stays as it is written in its script: %s', (_, name) => {
    expect(cleanName(name)).toBe(name);
  });

  it.each([
    ['one and the same however it was typed', ' Zoe\u0308 ', 'Zo\u00EB'],
    ['without blanks around it, in any script', '\u3000\u00A0\u2003Ann\u2800\u1680', 'Ann'],
    ['without what takes no room', 'ad\u200Bm\u2060i\u00ADn\uFEFF', 'admin'],
    ['without what turns text around', '\u202Enimda\u202C', 'nimda'],
    ['without marks of direction', 'a\u2066b\u2069c\u200E\u200F\u061C', 'abc'],
    ['without controls', 'a\u0000b\u001B[31m\nc', 'ab[31mc'],
    ['without a joiner between letters that do not join', 'a\u200Db\u200Cc', 'abc'],
    ['without a joiner at either end', '\u200Cسلام\u200C', 'سلام'],
    ['with one joiner of many', 'می\u200C\u200C\u200Cخواهم', 'می\u200Cخواهم'],
    ['without a joiner after a picture that nothing joins', '\u{1F468}\u200D', '\u{1F468}'],
    ['without a form where there is none', 'a\uFE0Fb\u{E0101}1\uFE0F', 'ab1'],
    ['without letters that are not seen behind no flag', `Ann${ENGLAND.slice(2)}`, 'Ann'],
    ['without a message behind a flag', `\u{1F3F4}${'\u{E0061}'.repeat(9)}\u{E007F}`, '\u{1F3F4}'],
    ['without fillers', 'Ann\u3164\uFFA0\u115F\u1160', 'Ann'],
    ['without halves of characters', 'A\uD83Dnn', 'Ann'],
    ['without a flood of marks', `Z${'\u0335'.repeat(40)}algo`, `Z${'\u0335'.repeat(5)}algo`],
    ['without marks on nothing', '\u0301\u0302Ann', 'Ann'],
    ['composed anew where something was taken out', 'Zoe\u200B\u0308', 'Zo\u00EB'],
  ])('is %s', (_, name, clean) => {
    expect(cleanName(name)).toBe(clean);
  });

  it.each([
    '',
    ' ',
    '\u3164',
    ' \u200B\u3164 ',
    '\u200D\u200C',
    '\u2800',
    '\u202E\u202C',
    '\u0301',
    '\u{E0061}',
    '\uFE0F',
    '\u115F\u1160',
  ])('is none where nothing of it is seen (%#)', (name) => expect(cleanName(name)).toBe(''));

  it('stays what it has become when it is cleaned again, whatever it was, and never grows', () => {
    const parts = fc.constantFrom(
      ...[
        'a',
        'e',
        '1',
        ' ',
        '\u3000',
        '\u0308',
        '\u0301',
        'ی',
        'م',
        'क',
        '\u094D',
        '葛',
        '\u{1F468}',
        '\u{1F3F4}',
        '\u1100',
        '\u1161',
      ],
      ...[
        '\u200B',
        '\u200C',
        '\u200D',
        '\u202E',
        '\uFE0F',
        '\uFE00',
        '\u{E0100}',
        '\u{E0061}',
        '\u{E007F}',
        '\u180B',
        '\u115F',
        '\u1160',
        '\uD800',
      ],
    );
    const names = fc.oneof(
      fc.array(parts, { maxLength: 30 }).map((all) => all.join('')),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(names, (name) => {
        const clean = cleanName(name);
        expect(cleanName(clean)).toBe(clean);
        expect(clean.normalize('NFC')).toBe(clean);
        expect(clean).toBe(clean.trim());
        expect(clean).not.toMatch(/[\u200E\u200F\u202A-\u202E\u2066-\u2069\u061C]/);
      }),
      { numRuns: 3000 },
    );
  });

  it('costs no time, however it is made', () => {
    const before = performance.now();
    for (const part of ['\u200C', 'ی\u200C', '\u0301', 'क\u094D\u200D', '\u{E0061}', ' ', '\u3164a'])
      cleanName(part.repeat(2000));
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
