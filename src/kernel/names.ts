/**
 * The one rule for every name that a person reads: of users, groups, rooms, apps and developers. What changes how a name is
 * drawn in its own script stays; what is not seen, or turns text around, by which one name passes for another, goes.
 */

/** Scripts whose letters join, or take another form, where a joiner says so (RFC 5892, A.1 and A.2). */
const CURSIVE = ['Arabic', 'Syriac', 'Mandaic', 'Mongolian', 'Nko', 'Phags_Pa', 'Adlam', 'Hanifi_Rohingya'];
const INDIC = [
  ...['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala'],
  ...['Khmer', 'Myanmar', 'Tibetan', 'Balinese', 'Javanese', 'Sundanese', 'Chakma', 'Tai_Tham', 'Kaithi', 'Grantha'],
];
const of = (scripts: readonly string[]): string => `[${scripts.map((script) => `\\p{scx=${script}}`).join('')}]`;
const JOINING = of([...CURSIVE, ...INDIC]);
/** What takes a letter's vowel away: a joiner behind it asks for the half form, or for Malayalam's chillu at a word's end. */
const VIRAMA =
  '[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca\\u1039\\u103a\\u17d2\\u0f84\\u1b44\\ua9c0\\u1bab]';
const PICTURE = '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f]';

const ZWNJ = `(?<=${JOINING})\\u200c(?=${JOINING})`;
const ZWJ = [
  `(?<=${PICTURE})\\u200d(?=\\p{Extended_Pictographic})`,
  `(?<=${VIRAMA})\\u200d`,
  `(?<=${JOINING})\\u200d(?=${JOINING})`,
].join('|');
const EMOJI_STYLE =
  '(?<=\\p{Extended_Pictographic}|\\p{Emoji_Modifier})[\\ufe0e\\ufe0f]|(?<=[0-9#*])\\ufe0f(?=\\u20e3)';
/** Forms of one ideograph, by which Japanese families tell their names apart, and dotted letters of Myanmar. */
const FORMS = '(?<=\\p{scx=Han})[\\ufe00-\\ufe02\\u{e0100}-\\u{e01ef}]|(?<=\\p{sc=Myanmar})\\ufe00';
const MONGOLIAN = '(?<=\\p{sc=Mongolian})[\\u180b-\\u180f]';
/** The black flag and, in letters that are not seen, the country: England, Scotland, Wales. */
const FLAG = '(?<=\\u{1f3f4})[\\u{e0061}-\\u{e007a}]{2}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{1,3}\\u{e007f}';
/** They hold the place of a letter in an old or unfinished syllable. */
const HANGUL = '\\u115f(?=[\\u1161-\\u11a7\\ud7b0-\\ud7c6])|(?<=[\\u1100-\\u115e\\ua960-\\ua97c])\\u1160';

const USED = new RegExp([ZWNJ, ZWJ, EMOJI_STYLE, FORMS, MONGOLIAN, FLAG, HANGUL].join('|'), 'uy');
/** Everything that may be there and not be seen, of which some is used (above). */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2028\u2029\u180e\ufff9-\ufffb]/gu;
/** A blank in one script or another; U+2800 is a pattern of Braille without a dot. */
const BLANK_ENDS = /^[\s\u2800]+|[\s\u2800]+$/gu;
const JOINERS = /([\u200c\u200d])[\u200c\u200d]+/g;
/** Three are the most that languages pile up on one letter, some notations five. */
const MARKS_MAX = 5;
const FLOOD = new RegExp(`((?:(?!\\p{VS})\\p{M}){${MARKS_MAX}})(?:(?!\\p{VS})\\p{M})+`, 'gu');
/** A mark that has no letter would sit on whatever stands before the name. */
const LONE_MARKS = /^[\p{Mn}\p{Me}]+/u;
const SEEN = /[^\s\p{M}\p{Cf}\u2800\u115f\u1160]/u;

/**
 * A name as it is stored and shown: NFC, without blanks around it, and with nothing unseen but what its script uses.
 * What comes out stays as it is when it is cleaned again.
 *
 * @returns an empty text where nothing of it would be seen
 */
export function cleanName(name: string): string {
  let clean = name;
  // What is taken out may bring together what belongs together, or tear apart what needed it; each turn is shorter.
  for (let before = ''; clean !== before;) {
    before = clean;
    clean = trimmed(withoutUnseen(clean.normalize('NFC').replace(JOINERS, '$1')).replace(FLOOD, '$1'));
  }
  return SEEN.test(clean) ? clean : '';
}

function withoutUnseen(text: string): string {
  let kept = '';
  let from = 0;
  for (const { index, 0: found } of text.matchAll(UNSEEN)) {
    // A flag's letters are passed over together.
    if (index < from) continue;
    kept += text.slice(from, index);
    USED.lastIndex = index;
    const used = USED.exec(text)?.[0];
    kept += used ?? '';
    from = index + (used ?? found).length;
  }
  return kept + text.slice(from);
}

const trimmed = (text: string): string => text.replace(BLANK_ENDS, '').replace(LONE_MARKS, '');

/** Characters, an emoji of several parts counting as its parts. */
export const lengthOfName = (name: string): number => [...name].length;
