import * as fc from 'fast-check';
import { JsonText, textOf, written } from './json-text';

const NASTY = '{"b":1.0, "a" : -0,"n":123456789012345678901234567890,"s":"\\u00e9\\ud800$&"}';

describe('an answer with texts in it', () => {
  it('has them as they are, wherever they stand', () => {
    const items = [{ body: new JsonText(NASTY), ext: new JsonText('[1.0]') }, { body: new JsonText('"$1"') }];
    expect(textOf({ items, more: true })).toBe(`{"items":[{"body":${NASTY},"ext":[1.0]},{"body":"$1"}],"more":true}`);
    expect(textOf(written(NASTY))).toBe(NASTY);
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

describe('what a text says', () => {
  it('can be looked at', () => {
    expect(new JsonText('{"text":"hello"}').value).toEqual({ text: 'hello' });
    expect(new JsonText('null').value).toBeNull();
  });
});
