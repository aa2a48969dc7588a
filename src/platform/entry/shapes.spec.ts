import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { AppError } from '../../kernel/errors/app-error';
import { IsSeq, Nullable } from './rules';
import { queryValidatorOf, schemaOf, validatorOf, type Shape } from './shapes';
import { Verbatim } from './verbatim';
import { expectBothToAgree } from '../../../test/support/shape-agreement';

class AddressDto {
  @IsIn(['user', 'group']) kind!: string;
  @Matches(/^[A-Za-z0-9_.@-]{1,64}$/) id!: string;
}
class MemberDto {
  @Matches(/^[a-z]{2,8}$/i, { message: '$property must be 2 to 8 letters' }) userId!: string;
  @IsOptional() @IsBoolean() admin?: boolean;
}
class EverythingDto {
  @ValidateNested() @Type(() => AddressDto) to!: AddressDto;
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(3)
  @ValidateNested({ each: true })
  @Type(() => MemberDto)
  members?: MemberDto[];
  @Min(0) @IsInt() @Max(10) count!: number;
  @IsString() @Length(2, 5) name!: string;
  @IsOptional() @IsEmail() email?: string;
  @IsOptional() @Equals(true) sure?: boolean;
  @IsOptional() @IsObject() ext?: object;
  @IsSeq() seq!: number;
  @IsOptional() @Nullable() @IsString() @MaxLength(4) nickname?: string | null;
  @IsOptional() @IsString({ each: true }) @ArrayUnique() tags?: string[];
  @IsOptional() @Matches(/^a/) @Matches(/z$/) twice?: string;
}
class ListDto {
  @IsOptional() @IsInt() @Min(1) @Max(100) limit?: number;
  @IsOptional() @IsBoolean() all?: boolean;
  @IsOptional() @IsString() cursor?: string;
  @IsOptional() @IsArray() @ArrayMaxSize(3) @Matches(/^[a-z]+$/, { each: true }) userIds?: string[];
}

const good = { to: { kind: 'user', id: 'ann' }, count: 3, name: 'abc', seq: 0 };
const refusal = (run: () => unknown): AppError => {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('the compiled validator', () => {
  const check = validatorOf(EverythingDto);

  it('returns the very value it accepted, converting nothing', () => {
    expect(check(good)).toBe(good);
    expect(refusal(() => check({ ...good, count: '3' })).extras.field).toBe('count');
  });

  it.each<[string, unknown, string]>([
    ['a value that is no object', 'text', 'body'],
    ['an array', [good], 'body'],
    ['null', null, 'body'],
    ['nothing at all', undefined, 'body'],
    ['an unknown field', { ...good, role: 'admin' }, 'role'],
    ['an unknown nested field', { ...good, to: { kind: 'user', id: 'a', appId: 'x' } }, 'to.appId'],
    ['a missing nested field', { ...good, to: { kind: 'user' } }, 'to.id'],
    ['a bad field in a list', { ...good, members: [{ userId: 'ann' }, { userId: 'b' }] }, 'members[1].userId'],
    ['a list that is too long', { ...good, members: Array(4).fill({ userId: 'ann' }) }, 'members'],
    ['an object where a text belongs', { ...good, name: { length: 3 } }, 'name'],
    ['a list where a nested object belongs', { ...good, to: [] }, 'to'],
    ['a fraction', { ...good, count: 1.5 }, 'count'],
    ['an infinite number', { ...good, count: JSON.parse('1e400') as number }, 'count'],
    ['null for a field that may only be left out', { ...good, email: null }, 'email'],
    ['a repeated tag', { ...good, tags: ['a', 'a'] }, 'tags'],
    ['a text that passes only the first of two patterns', { ...good, twice: 'ab' }, 'twice'],
    [
      'a planted __proto__',
      JSON.parse('{"to":{"kind":"user","id":"a"},"count":1,"name":"abc","seq":1,"__proto__":{"x":1}}'),
      '__proto__',
    ],
  ])('refuses %s and names the field', (_, value, field) => {
    const { code, extras } = refusal(() => check(value));
    expect({ code, field: extras.field }).toEqual({ code: 'INVALID_REQUEST', field });
    expect(extras.message).toMatch(/^.{8,}\.$|^.{8,}$/);
  });

  it('lets null clear a nullable field', () =>
    expect(check({ ...good, nickname: null })).toMatchObject({ nickname: null }));

  it('says what a decorator said', () =>
    expect(refusal(() => check({ ...good, members: [{ userId: '1' }] })).extras.message).toBe(
      'userId must be 2 to 8 letters',
    ));
});

describe('a field in which any JSON may stand', () => {
  class FreeDto {
    @IsOptional()
    @IsObject()
    profile?: object;

    @IsOptional()
    @Nullable()
    @IsObject()
    more?: object | null;

    @IsOptional()
    @Verbatim()
    body?: unknown;
  }
  const check = validatorOf(FreeDto);
  const read = (text: string) => check(JSON.parse(text), text);

  it.each(['{"profile":{"n":[1e400]}}', '{"more":{"a":{"b":-1e999}}}'])(
    'holds numbers that JavaScript can: %s is refused',
    (text) => {
      const { code, extras } = refusal(() => read(text));
      expect([code, extras.field]).toEqual(['INVALID_REQUEST', text.slice(2, text.indexOf('"', 2))]);
    },
  );

  it.each(['{"profile":{"n":1e308},"more":null}', '{"body":{"n":1e400}}', '{"body":-1e400}'])('takes %s', (text) =>
    expect(() => read(text)).not.toThrow(),
  );
});

describe('the query validator', () => {
  const check = queryValidatorOf(ListDto);

  it('reads numbers, booleans and lists from text', () =>
    expect(check({ limit: '20', all: 'true', cursor: '12', userIds: 'ann,bob' })).toEqual({
      limit: 20,
      all: true,
      cursor: '12',
      userIds: ['ann', 'bob'],
    }));

  it.each<[string, object, string]>([
    ['a number in words', { limit: 'ten' }, 'limit'],
    ['an empty number', { limit: '' }, 'limit'],
    ['a hexadecimal number', { limit: '0x10' }, 'limit'],
    ['too much', { limit: '101' }, 'limit'],
    ['a key given twice', { cursor: ['a', 'b'] }, 'cursor'],
    ['a bad item of a list', { userIds: 'ann,B' }, 'userIds[1]'],
    ['an unknown key', { order: 'name' }, 'order'],
  ])('refuses %s', (_, query, field) => expect(refusal(() => check(query)).extras.field).toBe(field));
});

describe('the published schema', () => {
  it('speaks standard JSON Schema only', () => {
    const schema = JSON.stringify(schemaOf(EverythingDto));
    expect(schema).not.toContain('"x-');
    expect(schemaOf(EverythingDto)).toMatchObject({
      required: expect.arrayContaining(['to', 'count', 'name', 'seq']),
      properties: { email: { type: 'string', format: 'email' }, count: { type: 'integer', minimum: 0, maximum: 10 } },
    });
  });
});

describe('ajv and class-validator', () => {
  it.each<[string, Shape]>([
    ['EverythingDto', EverythingDto],
    ['ListDto', ListDto],
    ['AddressDto', AddressDto],
  ])('agree on generated values of %s', (_, shape) => expectBothToAgree(shape));
});
