import * as fc from 'fast-check';

/** JSON as no serializer of ours would write it: white space, escapes, numbers in every notation and of any size. */
export interface WrittenJson {
  readonly text: string;
  /** Another text that says the same. */
  readonly same: string;
}

const space = fc.constantFrom('', '', ' ', '\n', '\t', '\r\n', '  ');

const HEX = 16;
/** A character as it stands in a string, or escaped in one of the ways that JSON has. */
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 8, 9, 10, 12, 13, 0x1f, 0x22, 0x2f, 0x5c, 0x7f, 0xa0, 0x2028, 0xfeff) },
  { weight: 2, arbitrary: fc.integer({ min: 0x80, max: 0xffff }) },
);
const SHORT = new Map([
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [12, '\\f'],
  [13, '\\r'],
  [0x22, '\\"'],
  [0x2f, '\\/'],
  [0x5c, '\\\\'],
]);
const mustEscape = (code: number) =>
  code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff);
const escaped = (code: number, upper: boolean) => {
  const hex = code.toString(HEX).padStart(4, '0');
  return `\\u${upper ? hex.toUpperCase() : hex}`;
};
const character = fc.tuple(unit, fc.nat(3)).map(([code, how]): WrittenJson => {
  const long = { text: escaped(code, how % 2 === 0), same: escaped(code, how % 2 === 1) };
  const short = SHORT.get(code) ?? (mustEscape(code) ? undefined : String.fromCharCode(code));
  return how < 2 || short === undefined ? long : { text: short, same: long.text };
});
const astral = fc.constantFrom('😀', '𝒳', '🏳️‍🌈').map((text) => ({ text, same: text }));
const string = fc
  .array(fc.oneof({ weight: 9, arbitrary: character }, { weight: 1, arbitrary: astral }), { maxLength: 12 })
  .map((parts) => joined(parts, '', '"', '"'));

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 40 });
const number = fc.oneof(
  fc.constantFrom(
    { text: '-0', same: '0.0e7' },
    { text: '1.0', same: '1' },
    { text: '9007199254740993', same: '9007199254740993.000' },
    { text: '1e-400', same: '0.1E-399' },
    { text: '1e400', same: '10e399' },
    { text: '-12.5E+999', same: '-125e998' },
    { text: '0.1', same: '1E-1' },
    { text: '-12.50e+2', same: '-1250' },
  ),
  fc
    .tuple(fc.boolean(), digits, digits, fc.integer({ min: -30, max: 30 }))
    .map(([minus, whole, fraction, exponent]) => {
      const sign = minus ? '-' : '';
      const integer = whole.replace(/^0+(?=\d)/, '');
      return {
        text: `${sign}${integer}.${fraction}e${exponent}`,
        same: `${sign}${integer}${fraction.slice(0, 1)}.${fraction.slice(1)}0E${exponent - 1}`.replace(
          /^(-?)0+(?=\d)/,
          '$1',
        ),
      };
    }),
  digits.map((all) => {
    const integer = all.replace(/^0+(?=\d)/, '');
    return { text: integer, same: `${integer}e0` };
  }),
);

function joined(parts: readonly WrittenJson[], between: string, before: string, after: string): WrittenJson {
  const join = (one: (part: WrittenJson) => string) => before + parts.map(one).join(between) + after;
  return { text: join(({ text }) => text), same: join(({ same }) => same) };
}

/** Texts of JSON values, objects among them with names that other readers trip over. */
export const writtenJson: fc.Arbitrary<WrittenJson> = fc.letrec<{ value: WrittenJson }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    string,
    number,
    fc.constantFrom('true', 'false', 'null').map((text) => ({ text, same: text })),
    fc.tuple(fc.array(tie('value'), { maxLength: 4 }), space, space).map(([items, a, b]) => ({
      text: `[${a}${items.map(({ text }) => text).join(`${b},${a}`)}${b}]`,
      same: `[${items.map(({ same }) => same).join(',')}]`,
    })),
    fc
      .tuple(
        fc.uniqueArray(fc.tuple(string, tie('value')), {
          maxLength: 4,
          selector: ([name]) => JSON.parse(name.text) as string,
        }),
        space,
        space,
      )
      .map(([entries, a, b]) => {
        const kept = entries.filter(([name]) => JSON.parse(name.text) !== '__proto__');
        return {
          text: `{${a}${kept.map(([name, { text }]) => `${name.text}${b}:${a}${text}`).join(`${b},${a}`)}${b}}`,
          same: `{${[...kept]
            .reverse()
            .map(([name, { same }]) => `${name.same}:${same}`)
            .join(',')}}`,
        };
      }),
  ),
})).value;
