import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { schemaOf, validatorOf, type Shape } from '../../src/platform/entry/shapes';

type Schema = Record<string, unknown>;

const JUNK = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, '', 0, -1, 1.5, true, [], {}, 'x'.repeat(300), '2026-11-21', 'a@b.co'),
);

const SAMPLES: Record<string, string> = {
  email: 'ann@example.com',
  uri: 'https://example.com/a',
  uuid: '0b9ef4ac-3a5e-4a0f-9d0e-2f6f4f0a7c11',
  'date-time': '2026-11-21T03:00:00.000Z',
};

/** Values that mostly fit a schema, so that a generated object reaches the rules behind the first one. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const {
    enum: listed,
    anyOf,
    type,
    pattern,
    format,
    properties,
    items,
  } = schema as {
    enum?: unknown[];
    format?: string;
    anyOf?: Schema[];
    type?: string;
    pattern?: string;
    properties?: Record<string, Schema>;
    items?: Schema;
  };
  if (listed) return fc.constantFrom(...listed);
  if (anyOf) return fc.oneof(...anyOf.map(fitting));
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'integer' || type === 'number') {
    const { minimum: min = -5, maximum: max = 1000 } = schema as { minimum?: number; maximum?: number };
    return fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min, max }) },
      { weight: 1, arbitrary: fc.constantFrom(min - 1, max + 1) },
    );
  }
  const sample = SAMPLES[format ?? ''];
  if (sample) return fc.oneof({ weight: 8, arbitrary: fc.constant(sample) }, { weight: 1, arbitrary: fc.string() });
  if (type === 'array') return fc.array(items ? mixed(items) : fc.jsonValue(), { maxLength: 6 });
  if (type === 'object' && properties) return objectOf(properties, (schema.required ?? []) as string[]);
  if (type === 'object') return fc.dictionary(fc.string(), fc.jsonValue());
  if (type === 'string' && pattern) {
    return fc.oneof(
      { weight: 8, arbitrary: fc.stringMatching(new RegExp(pattern)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 70 }) },
    );
  }
  if (type === 'string') {
    const { minLength = 0, maxLength = minLength + 20 } = schema as { minLength?: number; maxLength?: number };
    const unit = 'grapheme-ascii';
    return fc.oneof(
      { weight: 8, arbitrary: fc.string({ minLength, maxLength, unit }) },
      { weight: 1, arbitrary: fc.string({ minLength: Math.max(0, minLength - 1), maxLength: maxLength + 1, unit }) },
    );
  }
  return fc.jsonValue();
}

const mixed = (schema: Schema): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: fitting(schema) }, { weight: 1, arbitrary: JUNK });

function objectOf(properties: Record<string, Schema>, required: string[]): fc.Arbitrary<Record<string, unknown>> {
  const sound = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)]));
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, mixed(schema)]));
  const known = fc.oneof(
    { weight: 4, arbitrary: fc.record(fields) },
    { weight: 3, arbitrary: fc.record(fields, { requiredKeys: [] }) },
  );
  return fc.oneof(
    { weight: 10, arbitrary: known },
    { weight: 10, arbitrary: fc.record(sound, { requiredKeys: required }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(known, fc.constantFrom('appId', 'role', 'isAdmin'), JUNK)
        .map(([object, name, value]) => ({ ...object, [name]: value })),
    },
  );
}

/**
 * Where the compiled check is stricter on purpose: null for a field that may be left out, a list for a nested object, a
 * nested object that is missing (class-validator looks into it only when it is there), and unknown names that every
 * object inherits (`toString`, `__proto__`: class-validator takes them for known ones).
 */
function knownStrictness(value: unknown, schema: Schema): boolean {
  if (value === null) return !('anyOf' in schema) && Object.keys(schema).length > 0;
  if (Array.isArray(value)) {
    if (schema.type === 'object') return true;
    const items = schema.items as Schema | undefined;
    return items !== undefined && value.some((item) => knownStrictness(item, items));
  }
  if (typeof value !== 'object') return false;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  if (schema.properties && Object.keys(value).some((name) => name in Object.prototype)) return true;
  const missing = ((schema.required ?? []) as string[]).filter((name) => !(name in value));
  if (missing.some((name) => properties[name]?.type === 'object')) return true;
  return Object.entries(value).some(
    ([name, part]) => properties[name] !== undefined && knownStrictness(part, properties[name]),
  );
}

/** An instance holding the very values: `@Type(() => Number)` would make a number of a text before it is looked at. */
function unconverted(instance: unknown, value: unknown): unknown {
  if (typeof instance !== 'object' || typeof value !== 'object' || instance === null || value === null) return value;
  for (const [name, part] of Object.entries(value)) {
    const own = Object.getOwnPropertyDescriptor(instance, name)?.value as unknown;
    // Defined, not assigned: a generated `__proto__` must not reach the prototype of every object.
    Object.defineProperty(instance, name, {
      value: unconverted(own, part),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return instance;
}

function accepts(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** Proves on generated values that the compiled check never accepts what class-validator refuses, nor the reverse. */
export function expectBothToAgree(shape: Shape, runs = 400, seed = 20_261_121): void {
  const schema = schemaOf(shape);
  const check = validatorOf(shape);
  let accepted = 0;
  fc.assert(
    fc.property(mixed(schema), (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return !accepts(() => check(value));
      const compiled = accepts(() => check(value));
      const instance = unconverted(plainToInstance(shape, value), value) as object;
      const decorated =
        validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }).length === 0;
      if (compiled) accepted++;
      return compiled === decorated || (!compiled && knownStrictness(value, schema));
    }),
    { numRuns: runs, seed },
  );
  // A corpus that was only ever refused would prove nothing.
  if (accepted === 0) throw new Error(`no generated value of ${shape.name} was accepted`);
}
