import * as fc from 'fast-check';
import { JsonText } from '../../kernel/json-text';
import type { AppError } from '../../kernel/errors/app-error';
import { writtenJson } from '../../../test/support/json-texts';
import { keepTexts } from './verbatim';

type Read = Record<string, unknown>;

function read(source: string, value = JSON.parse(source) as Read): Read {
  keepTexts(value, ['body', 'ext'], source);
  return value;
}

const refusal = (source: string, value?: Read): string | undefined => {
  try {
    read(source, value);
    return undefined;
  } catch (error) {
    const { code, extras } = error as AppError;
    return `${code} ${extras.field}`;
  }
};

describe('a field whose text is kept', () => {
  it('is the very text that arrived, whatever is around it', () => {
    fc.assert(
      fc.property(writtenJson, writtenJson, fc.constantFrom('', ' ', '\n\t'), (body, ext, space) => {
        const named = `"b\\u006fdy"${space}:${space}${body.text}${space}`;
        const source = `${space}{"type":"x",${named},"to":{"body":1,"ext":[{"ext":2}]},"ext":${space}${ext.text}${space}}`;
        const value = read(source);
        expect([value.body, value.ext]).toEqual([expect.any(JsonText), expect.any(JsonText)]);
        expect([value.body, value.ext].map((each) => (each as JsonText).text)).toEqual([body.text, ext.text]);
        expect((value.body as JsonText).value).toEqual(JSON.parse(body.text));
        expect(value.to).toEqual({ body: 1, ext: [{ ext: 2 }] });
      }),
      { numRuns: 500 },
    );
  });

  it('is found in the object of a socket’s frame', () => {
    const data = '{"body":{"text":"1.0"},"type":"te\\"xt"}';
    const value = read(`2["message:send",${data}]`, JSON.parse(data) as Read);
    expect((value.body as JsonText).text).toBe('{"text":"1.0"}');
  });

  it('may be absent, empty or null', () => {
    expect(read('{}')).toEqual({});
    expect((read('{"ext":null}').ext as JsonText).value).toBeNull();
    expect((read('{"body":""}').body as JsonText).text).toBe('""');
  });

  it('is written by ourselves where no text arrived', () => {
    const value: Read = { body: { a: 1 }, type: 'x' };
    keepTexts(value, ['body', 'ext']);
    expect((value.body as JsonText).text).toBe('{"a":1}');
    expect(value).not.toHaveProperty('ext');
  });
});

describe('a name that one object has twice', () => {
  it.each([
    ['{"body":1,"body":1}', 'body'],
    ['{"type":"a","body":{},"type":"b"}', 'type'],
    ['{"body":{"a":{"b":1,"b":2}}}', 'body.a.b'],
    ['{"body":[0,{"x":"}{,:"},{"é":1,"\\u00e9":2}]}', 'body[2].é'],
    ['{"to":{"id":"a","\\u0069d":"b"},"body":1}', 'to.id'],
    ['2["e",{"body":{"":1,"":1}}]', 'body.'],
  ])('is refused in %s', (source, field) => {
    const value = JSON.parse(
      source.slice(source.indexOf('{')).replace(/]$/, source.startsWith('2') ? '' : ']'),
    ) as Read;
    expect(refusal(source, value)).toBe(`INVALID_REQUEST ${field}`);
  });

  it('may stand in two objects, and in strings', () => {
    expect(refusal('{"body":[{"a":1},{"a":{"a":2}}],"ext":"{\\"a\\":1,\\"a\\":2}"}')).toBeUndefined();
  });
});
