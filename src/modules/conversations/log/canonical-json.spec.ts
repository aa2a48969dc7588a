import * as fc from 'fast-check';
import { writtenJson } from '../../../../test/support/json-texts';
import { canonicalJson } from './canonical-json';

describe('the canonical text of JSON', () => {
  it('is the same for all that says the same', () => {
    fc.assert(
      fc.property(writtenJson, ({ text, same }) => expect(canonicalJson(text)).toBe(canonicalJson(same))),
      { numRuns: 500 },
    );
  });

  it('says the value that it was made from', () => {
    fc.assert(
      fc.property(writtenJson, ({ text }) => expect(JSON.parse(canonicalJson(text))).toEqual(withoutMinusZero(text))),
    );
  });

  it.each([
    ['9007199254740992', '9007199254740993'],
    ['0.1', '0.10000000000000000000000001'],
    ['1e-400', '2e-400'],
    ['1e400', '1e401'],
    ['1', '-1'],
    ['1', '"1"'],
    ['null', '"null"'],
    ['10', '1'],
    ['[1,2]', '[2,1]'],
    ['[[],1]', '[[1]]'],
    ['{"a":1,"b":2}', '{"a":2,"b":1}'],
    ['{"a":{"b":1}}', '{"a":{},"b":1}'],
    ['{}', '[]'],
    ['"a"', '"A"'],
    ['"é"', '"e\u0301"'],
  ])('tells %s from %s', (one, other) => expect(canonicalJson(one)).not.toBe(canonicalJson(other)));

  it('takes numbers of thousands of digits', () => {
    const many = '7'.repeat(20_000);
    expect(canonicalJson(`${many}.0`)).toBe(canonicalJson(`0.${many}e20000`));
    expect(canonicalJson(`0e${many}`)).toBe('0');
    expect(canonicalJson(`1e-${many}`)).toBe(canonicalJson(`10e-${many.slice(0, -1)}8`));
  });
});

const withoutMinusZero = (text: string): unknown => JSON.parse(text, (_, each: unknown) => (each === 0 ? 0 : each));
