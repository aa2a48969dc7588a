import * as fc from 'fast-check';
import { writtenJson } from '../../test/support/json-texts';
import { type Answer, JsonText, membersOf, textOf } from './json-text';

const NASTY = '{"b":1.0, "a" : -0,"n":123456789012345678901234567890,"s":"\\u00e9\\ud800$&"}';

describe('an answer with texts in it', () => {
  it('has them as they are, wherever they stand', () => {
    const items = [{ body: new JsonText(NASTY), ext: new JsonText('[1.0]') }, { body: new JsonText('"$1"') }];
    expect(textOf({ items, more: true })).toBe(`{"items":[{"body":${NASTY},"ext":[1.0]},{"body":"$1"}],"more":true}`);
    expect(textOf(new JsonText(NASTY))).toBe(NASTY);
  });

  it('is what JSON.stringify says of everything else', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(textOf(value)).toBe(JSON.stringify(value))));
  });

  it('leaves no place behind when something in it cannot be written', () => {
    const bad = { text: new JsonText('1.0'), bad: 1n };
    expect(() => textOf(bad)).toThrow(TypeError);
    expect(JSON.stringify(new JsonText('1.0'))).toBe('1');
  });
});

describe('the members of an object’s text', () => {
  it('have their names, and their values as they are written', () => {
    const text = '\n{"a" : 1e400, "\\u0062":[1,{"a":"}"}],"": {"x":{}} ,"s":"\\",:{"}';
    expect(membersOf(text)).toEqual([
      ['a', '1e400'],
      ['b', '[1,{"a":"}"}]'],
      ['', '{"x":{}}'],
      ['s', '"\\",:{"'],
    ]);
    expect(membersOf(' { }')).toEqual([]);
    for (const other of ['[{"a":1}]', '"{"', '1', 'null']) expect(membersOf(other)).toBeUndefined();
  });

  it('are those that JSON.parse reads', () => {
    fc.assert(
      fc.property(writtenJson, writtenJson, (one, other) => {
        const text = `{"one":${one.text},"other" :${other.text} }`;
        expect(membersOf(text)).toEqual([
          ['one', one.text],
          ['other', other.text],
        ]);
        const read = (JSON.parse(one.text) ?? []) as object;
        if (!one.text.startsWith('{')) return;
        expect(membersOf(one.text)?.map(([name, value]) => [name, JSON.parse(value) as unknown])).toEqual(
          expect.arrayContaining(Object.entries(read)),
        );
      }),
    );
  });
});

describe('what a text says', () => {
  interface Line {
    seq: number;
    text: string | null;
  }
  const line = new JsonText<Line>('{"seq":1,"text":null}');

  it('is no field of the text: the compiler sends whoever looks for one to its value', () => {
    // @ts-expect-error A text has none of the fields that it says.
    expect(line.seq).toBeUndefined();
    // @ts-expect-error Nor does it pass for what it says.
    const lines: Line[] = [line];
    expect(lines).toHaveLength(1);
    expect(line.value.seq).toBe(1);
  });

  it('fits wherever an answer promises it, and nowhere else', () => {
    const page: Answer<{ items: Line[] }> = { items: [line, { seq: 2, text: 'two' }] };
    expect(textOf(page)).toBe('{"items":[{"seq":1,"text":null},{"seq":2,"text":"two"}]}');
    // @ts-expect-error A text of something else.
    const other: Answer<{ items: Line[] }> = { items: [new JsonText<number>('1')] };
    expect(textOf(other)).toBe('{"items":[1]}');
  });

  it('can be looked at', () => {
    expect(new JsonText('{"text":"hello"}').value).toEqual({ text: 'hello' });
    expect(new JsonText('null').value).toBeNull();
  });
});
