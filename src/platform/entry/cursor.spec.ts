import 'reflect-metadata';
import fc from 'fast-check';
import { AppError } from '../../kernel/errors/app-error';
import { readCursor, writeCursor } from './cursor';

describe('a cursor', () => {
  it('brings its key back', () => {
    fc.assert(
      fc.property(fc.string(), fc.maxSafeInteger(), (text, number) => {
        expect(readCursor(writeCursor(text, number), 'string', 'number')).toEqual([text, number]);
      }),
    );
  });

  it('is undefined on the first page', () => {
    expect(readCursor(undefined, 'number')).toBeUndefined();
  });

  it.each(['', 'x', 'null', '%%%', writeCursor('1'), writeCursor(1, 2), writeCursor(), writeCursor(1.5), 'WzFlNDAwXQ'])(
    'refuses %j, which this list did not make, naming the field',
    (nonsense) => {
      expect(() => readCursor(nonsense, 'number')).toThrow(AppError);
      expect(() => readCursor(nonsense, 'number')).toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', extras: expect.objectContaining({ field: 'cursor' }) }),
      );
    },
  );
});
