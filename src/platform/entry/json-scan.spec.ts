import * as fc from 'fast-check';
import { endOfString, measureJson } from './json-scan';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
const valuesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((all: number, one) => all + 1 + valuesIn(one), 0)
    : 0;

describe('a scan of JSON', () => {
  it('finds where a string ends, whatever it escapes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', 'a', 'é', '\n') }), (value) => {
        const text = JSON.stringify(value);
        expect(endOfString(`${text}"\\"`, 1)).toBe(text.length - 1);
      }),
    );
  });

  it('measures how deep it is, and has no fewer values than there are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { depth, values } = measureJson(JSON.stringify(value));
        expect(depth).toBe(depthOf(value));
        expect(values).toBeGreaterThanOrEqual(1 + valuesIn(value));
      }),
    );
  });

  it.each(['\\"', '\\\\', '\\\\\\"', 'x'])('takes time in proportion to the length of a string of %j', (part) => {
    const time = (length: number): number => {
      const text = `"${part.repeat(length)}"`;
      return Math.min(
        ...Array.from({ length: 5 }, () => {
          const began = performance.now();
          expect(endOfString(text, 1)).toBe(text.length - 1);
          return performance.now() - began;
        }),
      );
    };
    time(100_000);
    // Eight times the length: quadratic work would take sixty times as long.
    expect(time(800_000)).toBeLessThan(25 * Math.max(time(100_000), 0.2));
  });
});
