import { Ajv, type ValidateFunction } from 'ajv';
import type { AppError } from '../../kernel/errors/app-error';
import { cleanName } from '../../kernel/names';
import { assertNumbersFit } from './plain-json';
import { refusalOf } from './shape-errors';
import {
  checkedSchema,
  freeFieldsOf,
  heldRules,
  MESSAGES_KEYWORD,
  namesOf,
  patterns,
  publishedSchema,
  RULES_KEYWORD,
  type Schema,
} from './shape-schemas';
import { keepTexts, verbatimFields } from './verbatim';

export type Shape<T extends object = object> = new () => T;
/**
 * Checks a value read from a wire and returns it typed; throws INVALID_REQUEST naming the field. Of a shape with verbatim
 * fields it wants the text too from which the value was read.
 */
export type Validator<T> = (value: unknown, source?: string) => T;
export type { AppError };

const ajv = new Ajv({
  allErrors: false,
  // Errors then know the schema around them: the sentence a decorator gave, the fields that exist. Paid only on refusal.
  verbose: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  ownProperties: true,
  validateFormats: false,
  code: {
    regExp: Object.assign((source: string, flags: string) => patterns.get(source) ?? new RegExp(source, flags), {
      code: 'new RegExp',
    }),
  },
});
ajv.addKeyword({ keyword: MESSAGES_KEYWORD, schemaType: 'object' });
ajv.addKeyword({
  keyword: RULES_KEYWORD,
  schemaType: 'object',
  compile(ids: Record<string, true>) {
    const rules = Object.keys(ids).map(Number);
    const check: { (value: unknown): boolean; errors?: object[] } = (value) => {
      const broken = rules.find((id) => !heldRules[id]?.holds(value));
      if (broken === undefined) return true;
      check.errors = [{ keyword: RULES_KEYWORD, params: { rule: broken } }];
      return false;
    };
    return check;
  },
});

const compiled = new Map<Shape, ValidateFunction>();
const validators = new Map<Shape, Validator<object>>();
const queryValidators = new Map<Shape, Validator<object>>();
const published = new Map<Shape, Schema>();

function compile(shape: Shape): ValidateFunction {
  let check = compiled.get(shape);
  if (!check) {
    check = ajv.compile(checkedSchema(shape));
    compiled.set(shape, check);
  }
  return check;
}

/**
 * The compiled validator of a DTO class: class-validator's decorators → JSON Schema → ajv, once per class; unknown
 * fields are refused at every level and nothing is converted but names (`@IsName()`), which are cleaned. The value itself comes back: a plain object, without the
 * class's defaults. Numbers that JavaScript cannot hold pass in verbatim fields alone. Null passes only where `@ValidateIf((_, value) => value !== null)` lets it; `@IsOptional()` means
 * that a field may be left out. Both doors and OpenAPI use the same class (design point 3).
 */
export function validatorOf<T extends object>(shape: Shape<T>): Validator<T> {
  let validator = validators.get(shape);
  if (!validator) {
    const check = compile(shape);
    const verbatim = verbatimFields(shape);
    const names = namesOf(shape);
    const free = freeFieldsOf(shape).filter((field) => !verbatim.includes(field));
    validator = (value, source) => {
      if (!check(value)) throw refusalOf(check.errors);
      if (names.length > 0) cleanNames(value as Record<string, unknown>, names);
      for (const field of free) assertNumbersFit((value as Record<string, unknown>)[field], field);
      if (verbatim.length > 0) keepTexts(value as T, verbatim, source);
      return value as T;
    };
    validators.set(shape, validator);
  }
  return validator as Validator<T>;
}

/** Names as people are to read them. */
function cleanNames(value: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) if (typeof value[name] === 'string') value[name] = cleanName(value[name]);
}

/**
 * The same for a query string, where everything is text: numbers, booleans and comma-separated lists are converted as
 * the class declares them. A key given twice is refused. Answers a new plain object.
 */
export function queryValidatorOf<T extends object>(shape: Shape<T>): Validator<T> {
  let validator = queryValidators.get(shape);
  if (!validator) {
    const check = compile(shape);
    const { properties } = checkedSchema(shape) as { properties: Record<string, Schema> };
    const kinds = new Map(Object.entries(properties).map(([name, schema]) => [name, schema]));
    validator = (value) => {
      const query: Record<string, unknown> = {};
      for (const [name, text] of Object.entries(value ?? {})) query[name] = fromText(text, kinds.get(name));
      if (check(query)) return query;
      throw refusalOf(check.errors);
    };
    queryValidators.set(shape, validator);
  }
  return validator as Validator<T>;
}

const NUMBER = /^-?\d{1,17}(\.\d{1,17})?$/;

/** What the text means under this schema; left as it is where it means nothing, so that the check refuses it. */
function fromText(text: unknown, schema: Schema | undefined): unknown {
  if (typeof text !== 'string' || !schema) return text;
  switch (schema.type) {
    case 'integer':
    case 'number':
      return NUMBER.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text === '' ? [] : text.split(',').map((part) => fromText(part, schema.items as Schema | undefined));
    default:
      return text;
  }
}

/** The JSON Schema of a DTO class, for OpenAPI and the event catalogue; nested shapes are written out in place. */
export function schemaOf(shape: Shape): Schema {
  let schema = published.get(shape);
  if (!schema) {
    schema = publishedSchema(shape);
    published.set(shape, schema);
  }
  return schema;
}
