import { AppError } from '../../kernel/errors/app-error';
import { assertNumbersFit, assertPlainJson } from './plain-json';

const refusal = (text: string, check: typeof assertPlainJson = assertPlainJson, source?: string): unknown => {
  try {
    check(JSON.parse(text), 'body', source);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('JSON from a stranger', () => {
  it.each([
    '{}',
    '[]',
    '1',
    'null',
    '"x"',
    '{"a":[1,{"b":null}],"constructor":"Ford","prototype":{}}',
    '{"s":"\\ud800"}',
    '{"n":[1e400,-1e400,1e-400,9007199254740993]}',
  ])('that is plain passes: %s', (text) => expect(refusal(text)).toBeUndefined());

  it.each([
    ['33 levels of arrays', '['.repeat(33) + ']'.repeat(33)],
    ['200,000 levels', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['33 levels of objects', '{"a":'.repeat(33) + '1' + '}'.repeat(33)],
    ['100,000 keys', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":0`).join()}}`],
    ['a list of 10,001 values', `[${'0,'.repeat(10_000)}0]`],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}'],
  ])('is refused with the field named: %s', (_, text) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', extras: { field: 'body' } });
  });

  it('may be 32 levels deep and 10,000 values wide', () => {
    expect(refusal('['.repeat(32) + ']'.repeat(32))).toBeUndefined();
    expect(refusal(`[${'0,'.repeat(9_998)}0]`)).toBeUndefined();
  });

  it.each([
    ['32 levels', '['.repeat(32) + ']'.repeat(32)],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['33 levels beside brackets in strings', `["]]\\"[[",${'['.repeat(32) + ']'.repeat(32)}]`],
    ['32 levels beside brackets in strings', `["[[\\\\",${'['.repeat(31) + ']'.repeat(31)},"]]"]`],
    ['9,999 values', `[${'0,'.repeat(9_998)}0]`],
    ['10,001 values', `[${'0,'.repeat(10_000)}0]`],
    ['10,001 names', `{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":0`).join()}}`],
    ['one name 10,001 times', `{${Array.from({ length: 10_001 }, () => '"k":0').join()}}`],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}'],
    ['an escaped __proto__', '{"a":{"__pr\\u006fto__":{"x":1}}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}'],
    ['a constructor', '{"constructor":"Ford"}'],
  ])('is judged by its text as by its values, however large: %s', (_, text) => {
    const large = text.replace(/^([[{])/, (open) => `${open}${' '.repeat(5000)}`);
    expect(refusal(large, assertPlainJson, large)).toEqual(refusal(text));
  });

  it.each(['{"n":1e400}', '-1e400', '[[{"a":[1e999]}]]'])(
    'that is not kept as text has numbers that fit: %s',
    (text) => {
      expect(refusal(text, assertNumbersFit)).toMatchObject({ code: 'INVALID_REQUEST', extras: { field: 'body' } });
    },
  );

  it.each(['{"n":1e308,"s":"1e400","b":[true,null]}', '-0', '1e-400'])('and these fit: %s', (text) =>
    expect(refusal(text, assertNumbersFit)).toBeUndefined(),
  );
});
