import { AppError } from '../../kernel/errors/app-error';
import { cleanNickname, storable } from './profile';

const refusal = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('a nickname', () => {
  it('is one and the same however it was typed: NFC, trimmed', () => {
    expect(cleanNickname(' Zoe\u0308 ')).toBe('Zo\u00EB');
  });

  it('cannot hide or turn around what it says', () => {
    expect(cleanNickname('ad\u200Bmin')).toBe('admin');
    expect(cleanNickname('\u202Enimda\u202C')).toBe('nimda');
    expect(cleanNickname('a\u2066b\u2069c\u200E\u200F\u061C')).toBe('abc');
    expect(cleanNickname('a\u0000b\u001B[31m\nc')).toBe('ab[31mc');
    expect(cleanNickname('a\u200Db')).toBe('ab');
    expect(cleanNickname('\uFEFFann\u00AD')).toBe('ann');
  });

  it('keeps Chinese, Arabic and pictures of several parts', () => {
    for (const name of [
      '张三',
      'علي',
      '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
      '\u2764\uFE0F',
      '\u{1F44D}\u{1F3FD}',
    ]) {
      expect(cleanNickname(name)).toBe(name);
    }
  });

  it('needs something to be seen, and at most 64 characters of it', () => {
    expect(refusal(() => cleanNickname(' \u200B\u3164 '))).toMatchObject({
      code: 'INVALID_REQUEST',
      extras: { field: 'nickname' },
    });
    expect(cleanNickname('\u{1F600}'.repeat(64))).toHaveLength(128);
    expect(refusal(() => cleanNickname('x'.repeat(65)))).toMatchObject({ extras: { field: 'nickname' } });
  });
});

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
