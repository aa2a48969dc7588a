import { ID_PATTERN, NEW_ID_PATTERN } from './ids';

describe('what becomes an id', () => {
  it('is any id but the words of paths, which no client could ever call by their names', () => {
    for (const id of ['.', '..']) expect([ID_PATTERN.test(id), NEW_ID_PATTERN.test(id)]).toEqual([true, false]);
    const dots = Array.from({ length: 62 }, (_, index) => '.'.repeat(index + 3));
    for (const id of ['a', '.a', 'a.', '..a', '.a.', '...', 'x'.repeat(64), `.${'x'.repeat(63)}`, ...dots])
      expect([id, NEW_ID_PATTERN.test(id)]).toEqual([id, true]);
    for (const id of ['', 'a b', '中', 'x'.repeat(65), `.${'x'.repeat(64)}`, '.'.repeat(65), 'a\n'])
      expect([id, ID_PATTERN.test(id), NEW_ID_PATTERN.test(id)]).toEqual([id, false, false]);
  });
});
