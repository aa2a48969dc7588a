import { AppError } from '../../kernel/errors/app-error';
import { storable } from './profile';

const refusal = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('what is stored of a profile', () => {
  it('is what was sent: absent stays, null clears, 2 KB at most', () => {
    expect(storable({})).toEqual({});
    expect(storable({ nickname: null, avatarUrl: null, profile: null })).toEqual({
      nickname: null,
      avatarUrl: null,
      profile: null,
    });
    expect(storable({ profile: { b: 1, a: [2] } })).toEqual({ profile: '{"b":1,"a":[2]}' });
    expect(refusal(() => storable({ profile: { text: '汉'.repeat(700) } }))).toMatchObject({
      code: 'TOO_LARGE',
      extras: { field: 'profile' },
    });
  });
});
