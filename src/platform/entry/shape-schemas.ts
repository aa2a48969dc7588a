import 'reflect-metadata';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';

export type Schema = Record<string, unknown>;
type Converters = NonNullable<NonNullable<Parameters<typeof targetConstructorToSchema>[1]>['additionalConverters']>;
type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** A class-validator rule run as it is, where JSON Schema cannot say exactly the same. */
export interface HeldRule {
  name: string;
  holds: (value: unknown) => boolean;
  says?: string;
}

/** Our own keywords: rules by number, the sentence a decorator gave (`message`), and what only the docs show. */
export const RULES_KEYWORD = 'x-rules';
export const MESSAGES_KEYWORD = 'x-messages';
const DOCS_KEYWORD = 'x-docs';
/** What `@IsName()` is called: the validator of a shape cleans properties that are names. */
export const NAME_RULE = 'isName';
export const NAME_LENGTH_RULE = 'isNameLength';

export const heldRules: HeldRule[] = [];
const held = new WeakMap<object, Map<string, number>>();
/** How a pattern was written, flags included; ajv asks for it by its source. */
export const patterns = new Map<string, RegExp>();

const siblings = (rule: Rule): Rule[] =>
  getMetadataStorage()
    .getTargetValidationMetadatas(rule.target as () => void, '', true, false)
    .filter(({ propertyName }) => propertyName === rule.propertyName);

const nameOf = (rule: Rule): string => rule.name ?? rule.type;

const told = (_: string, value: unknown): unknown =>
  value instanceof RegExp || typeof value === 'function' ? String(value) : value;

/** Registers the rule once, however often its class is converted. */
function hold(rule: Rule): number {
  const constraint = getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls)[0];
  const where = `${(rule.target as () => void).name}.${rule.propertyName}`;
  if (!constraint || constraint.async) throw new Error(`${where}: the rule "${nameOf(rule)}" cannot run synchronously`);
  const known = held.get(rule.target as object) ?? new Map<string, number>();
  held.set(rule.target as object, known);
  const key = `${rule.propertyName}/${nameOf(rule)}/${JSON.stringify(rule.constraints ?? null, told)}/${rule.each}`;
  let id = known.get(key);
  if (id === undefined) {
    const args = { constraints: rule.constraints ?? [], property: rule.propertyName, object: {}, targetName: '' };
    const { instance } = constraint;
    const says =
      typeof rule.message === 'string' ? rule.message : instance.defaultMessage?.({ ...args, value: undefined });
    id =
      heldRules.push({
        name: nameOf(rule),
        holds: (value) => instance.validate(value, { ...args, value }) === true,
        says: says
          ?.replaceAll('$property', rule.propertyName)
          .replace(/\$constraint(\d)/g, (_, n: string) => String(args.constraints[Number(n) - 1])),
      }) - 1;
    known.set(key, id);
  }
  return id;
}

/** The rule itself decides; `docs` is what the published schema says about it. */
const asWritten =
  (docs: Schema = {}) =>
  (rule: Rule): Schema => ({ [RULES_KEYWORD]: { [hold(rule)]: true }, [DOCS_KEYWORD]: docs });

const said = (rule: Rule, keyword: string): Schema =>
  typeof rule.message === 'string'
    ? { [MESSAGES_KEYWORD]: { [keyword]: rule.message.replaceAll('$property', rule.propertyName) } }
    : {};

/** `@Min(0) @IsInt()` is an integer in whichever order it is written. */
const number = (keyword: string, value: (rule: Rule) => unknown) => (rule: Rule) => ({
  type: siblings(rule).some((other) => nameOf(other) === 'isInt') ? 'integer' : 'number',
  [keyword]: value(rule),
  ...said(rule, keyword),
});

function matches(rule: Rule): Schema {
  const [given, flags] = rule.constraints as [RegExp | string, string | undefined];
  const pattern = given instanceof RegExp ? given : new RegExp(given, flags);
  const known = patterns.get(pattern.source);
  const alone = siblings(rule).filter((other) => nameOf(other) === 'matches').length === 1;
  // A second pattern on a property, or the same text with other flags, has no place in one schema.
  if (!alone || /[gy]/.test(pattern.flags) || (known && known.flags !== pattern.flags)) {
    return asWritten({ type: 'string', pattern: pattern.source })(rule);
  }
  patterns.set(pattern.source, pattern);
  return { type: 'string', pattern: pattern.source, ...said(rule, 'pattern') };
}

const scalar = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value);
const oneOf = (rule: Rule): Schema => {
  const allowed = rule.constraints[0] as unknown;
  return Array.isArray(allowed) && allowed.every(scalar)
    ? { enum: [...(allowed as unknown[])], ...said(rule, 'enum') }
    : asWritten()(rule);
};

/** Rules that JSON Schema can say exactly; the library's own converters do for the rest of these names. */
const EXACT = new Set([
  'isString',
  'isBoolean',
  'isInt',
  'isObject',
  'isArray',
  'arrayMinSize',
  'arrayMaxSize',
  'arrayNotEmpty',
  'isLength',
  'minLength',
  'maxLength',
  'isDefined',
  'nestedValidation',
  'conditionalValidation',
  'whitelistValidation',
  'customValidation',
]);

const CONVERTERS: Record<string, (rule: Rule) => Schema> = {
  customValidation: asWritten(),
  nestedValidation: (rule) => nestedSchema(rule),
  min: number('minimum', (rule) => rule.constraints[0]),
  max: number('maximum', (rule) => rule.constraints[0]),
  isPositive: number('exclusiveMinimum', () => 0),
  isNegative: number('exclusiveMaximum', () => 0),
  isNumber: (rule) =>
    (rule.constraints[0] as { maxDecimalPlaces?: number } | undefined)?.maxDecimalPlaces === undefined
      ? { type: siblings(rule).some((other) => nameOf(other) === 'isInt') ? 'integer' : 'number' }
      : asWritten({ type: 'number' })(rule),
  matches,
  isIn: oneOf,
  equals: (rule) =>
    scalar(rule.constraints[0]) ? { enum: [rule.constraints[0]], ...said(rule, 'enum') } : asWritten()(rule),
  isEnum: (rule) => ({ enum: Object.values(rule.constraints[0] as object), ...said(rule, 'enum') }),
  isNotEmpty: asWritten({ minLength: 1 }),
  isNotEmptyObject: asWritten({ type: 'object', minProperties: 1 }),
  arrayUnique: asWritten({ type: 'array', uniqueItems: true }),
  isEmail: asWritten({ type: 'string', format: 'email' }),
  isUrl: asWritten({ type: 'string', format: 'uri' }),
  isUuid: asWritten({ type: 'string', format: 'uuid' }),
  isIso8601: asWritten({ type: 'string', format: 'date-time' }),
  [NAME_RULE]: asWritten({ minLength: 1 }),
  [NAME_LENGTH_RULE]: (rule) => asWritten({ type: 'string', maxLength: rule.constraints[0] })(rule),
  isDateString: asWritten({ type: 'string', format: 'date-time' }),
};

/** The properties of a shape that are names. */
export const namesOf = (shape: new () => object): string[] =>
  getMetadataStorage()
    .getTargetValidationMetadatas(shape, '', true, false)
    .filter((rule) => nameOf(rule) === NAME_RULE)
    .map(({ propertyName }) => propertyName);

/** One converter per rule name in use, so that no inexact default of the library is ever taken. */
function convertersFor(rules: Rule[]): Converters {
  const converters: Record<string, (rule: Rule) => Schema> = { ...CONVERTERS };
  for (const rule of rules) {
    const name = nameOf(rule);
    if (!EXACT.has(name) && !converters[name]) converters[name] = asWritten();
  }
  return converters;
}

function nestedSchema(rule: Rule): Schema {
  const target = rule.target as () => void;
  const declared = defaultMetadataStorage.findTypeMetadata(target, rule.propertyName);
  const child = (declared?.typeFunction() ??
    Reflect.getMetadata('design:type', target.prototype as object, rule.propertyName)) as unknown;
  if (typeof child !== 'function' || child === Object || child === Array) {
    throw new Error(`${target.name}.${rule.propertyName}: @ValidateNested() needs @Type(() => Class)`);
  }
  return fullSchemaOf(child as new () => object);
}

const building = new Set<object>();
const full = new Map<object, Schema>();

/** The schema with our keywords in it, as the validator reads it. Nested shapes are written out in place. */
function fullSchemaOf(shape: new () => object): Schema {
  const known = full.get(shape);
  if (known) return known;
  if (building.has(shape)) throw new Error(`${shape.name} contains itself; a shape on a wire must be finite`);
  building.add(shape);
  try {
    const rules = getMetadataStorage().getTargetValidationMetadatas(shape, '', true, false);
    const converted = targetConstructorToSchema(shape, {
      classTransformerMetadataStorage: defaultMetadataStorage,
      additionalConverters: convertersFor(rules),
    }) as Schema;
    const schema = {
      type: 'object',
      additionalProperties: false,
      properties: {},
      ...converted,
      ...presence(converted, rules),
    };
    full.set(shape, schema);
    return schema;
  } finally {
    building.delete(shape);
  }
}

/** Which properties may be left out, and which may be null. `@IsOptional()` means "left out": null is refused. */
function presence(converted: Schema, rules: Rule[]): Schema {
  const properties = { ...(converted.properties as Record<string, Schema>) };
  const required: string[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const conditions = rules.filter((rule) => rule.propertyName === name && rule.type === 'conditionalValidation');
    const free = (value: unknown): boolean =>
      conditions.some(
        (rule) =>
          (rule.constraints[0] as (object: object, value: unknown) => boolean)({ [name]: value }, value) === false,
      );
    const onlyListed = rules.every((rule) => rule.propertyName !== name || rule.type === 'whitelistValidation');
    if (!free(undefined) && !onlyListed) required.push(name);
    const nullable = conditions.some((rule) => nameOf(rule) !== 'isOptional') && free(null);
    if (nullable) properties[name] = { anyOf: [{ type: 'null' }, schema] };
  }
  return { properties, ...(required.length > 0 ? { required } : { required: undefined }) };
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Walks a schema and keeps what `keep` says at every level. */
function walk(value: unknown, level: (schema: Schema) => Schema): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, level));
  if (!isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(level(value))
      .filter(([, part]) => part !== undefined)
      .map(([key, part]) => [key, key === 'enum' && Array.isArray(part) ? part : walk(part, level)]),
  );
}

/** As ajv compiles it. */
export const checkedSchema = (shape: new () => object): Schema =>
  walk(fullSchemaOf(shape), ({ [DOCS_KEYWORD]: _, ...schema }) => schema) as Schema;

/** The properties of a shape in which any JSON may stand. */
export const freeFieldsOf = (shape: new () => object): string[] =>
  Object.entries(checkedSchema(shape).properties as Record<string, Schema>)
    .filter(([, schema]) => isFree(schema))
    .map(([name]) => name);

function isFree({ type, anyOf, enum: values, items, properties, additionalProperties }: Schema): boolean {
  if (Array.isArray(anyOf)) return (anyOf as Schema[]).some(isFree);
  if (values !== undefined) return false;
  if (type === 'array') return !isSchema(items) || isFree(items);
  if (type === 'object')
    return additionalProperties !== false || Object.values((properties ?? {}) as Record<string, Schema>).some(isFree);
  return type === undefined;
}

/** As the docs publish it: standard keywords only. */
export const publishedSchema = (shape: new () => object): Schema =>
  walk(fullSchemaOf(shape), ({ [DOCS_KEYWORD]: docs, [RULES_KEYWORD]: _, [MESSAGES_KEYWORD]: __, ...schema }) => ({
    ...(docs as Schema | undefined),
    ...schema,
  })) as Schema;
