import { assignments } from './assignments';
import { untilSql } from './until';

describe('the assignments of a change', () => {
  it('leave out what is undefined, and write null', () => {
    expect(assignments({ name: 'Ann', nickname: undefined, muted: null })).toEqual({
      text: 'name = ?, muted = ?',
      values: ['Ann', null],
    });
  });

  it('hold what the database works out, after what is given', () => {
    expect(assignments({ banned: true }, { mutedUntil: untilSql(5) })).toEqual({
      text: 'banned = ?, mutedUntil = DATE_ADD(NOW(3), INTERVAL ? SECOND)',
      values: [true, 5],
    });
    expect(assignments({}, { mutedUntil: untilSql('no') })).toEqual({ text: 'mutedUntil = NULL', values: [] });
  });

  it('are empty where nothing changes', () => expect(assignments({})).toEqual({ text: '', values: [] }));

  it('take no name that is more than a name', () => {
    expect(() => assignments({ 'name = 1, admin': 1 })).toThrow('is no column');
  });
});
