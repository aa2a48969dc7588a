import { AppError } from '../../kernel/errors/app-error';
import { paddingMs } from './refusal-timing';

describe('a refusal that must not tell whether there was something', () => {
  it('is given at the same time after a short look and after a longer one', () => {
    const error = new AppError('GROUP_NOT_FOUND');
    for (const elapsed of [0.4, 1.7, 2.2, 11, 19.9]) expect(elapsed + paddingMs(error, elapsed)).toBeCloseTo(20);
    expect(23 + paddingMs(error, 23)).toBeCloseTo(40);
  });

  it('is the only one that waits', () => {
    expect(paddingMs(new AppError('MUTED'), 3)).toBe(0);
    expect(paddingMs(new Error('anything else'), 3)).toBe(0);
  });
});
