/** A JSON Schema as /docs publishes it. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

/** A body that must be refused, and the field that the refusal must name. */
export interface Negative {
  why: string;
  field: string;
  body: unknown;
}

type Body = Record<string, unknown>;

/** Fields that a client might hope to set, and that are never its to say. */
export const NOT_YOURS = [
  'appId',
  'appPk',
  'userPk',
  'developerPk',
  'id',
  'pk',
  'role',
  'seq',
  'sentAt',
  'sender',
  'senderPk',
  'isAdmin',
  'status',
  'tombstone',
  'authVersion',
  'tokenVersion',
  'passwordHash',
  'accountSid',
  'createdAt',
  'constructor',
  'toString',
];

const NAUGHTY = [
  '',
  ' ',
  'ü',
  '中文',
  '😀',
  "' OR 1=1 -- ",
  '"; DROP TABLE users; --',
  'a\r\nX-Evil: 1',
  '\u001b[31mred',
  '\u0000',
  '\ud800',
  '../../etc/passwd',
  '%2e%2e',
  '${7*7}',
  '<script>',
];

function wrongStrings({ pattern, minLength, maxLength }: Schema): unknown[] {
  const matcher = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  return [
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
    ...(minLength ? ['x'.repeat(minLength - 1)] : []),
    ...(matcher ? NAUGHTY.filter((text) => !matcher.test(text)) : []),
  ];
}

const wrongNumbers = ({ minimum, maximum }: Schema): unknown[] => [
  ...(minimum === undefined ? [] : [minimum - 1]),
  ...(maximum === undefined ? [] : [maximum + 1, 2 ** 53 + 1, 1e308]),
];

/** Values of the wrong type, or out of range, for this schema. */
function wrongValues(schema: Schema): unknown[] {
  if (schema.enum) return ['no-such', 5, {}, [], null];
  if (schema.anyOf) {
    const inner = schema.anyOf.find(({ type }) => type !== 'null') ?? {};
    return wrongValues(inner).filter((value) => value !== null);
  }
  switch (schema.type) {
    case 'string':
      return [null, 5, true, {}, [], ['x'], { toString: 'x' }, ...wrongStrings(schema)];
    case 'integer':
    case 'number':
      return [
        null,
        '1',
        'abc',
        true,
        {},
        [],
        [1],
        ...(schema.type === 'integer' ? [1.5] : []),
        ...wrongNumbers(schema),
      ];
    case 'boolean':
      return [null, 'true', 1, 0, {}, []];
    case 'array':
      return [null, 'x', 5, {}, ...(schema.maxItems === undefined ? [] : [new Array(schema.maxItems + 1).fill('x')])];
    case 'object':
      return [null, 'x', 5, true, []];
    default:
      return [];
  }
}

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 40);

/** Every field of a body made wrong, one at a time; and the body as a whole. */
export function* negativesOf(schema: Schema, base: Body, at = ''): Iterable<Negative> {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = at + name;
    for (const wrong of wrongValues(property)) {
      yield { why: `${field} is ${show(wrong)}`, field, body: { ...base, [name]: wrong } };
    }
    if (schema.required?.includes(name)) {
      const { [name]: _, ...without } = base;
      yield { why: `${field} is missing`, field, body: without };
    }
    for (const wrong of property.items ? wrongValues(property.items) : []) {
      yield { why: `${field} holds ${show(wrong)}`, field: `${field}[0]`, body: { ...base, [name]: [wrong] } };
    }
    if (property.properties) {
      const inner = (base[name] as Body | undefined) ?? {};
      for (const negative of negativesOf(property, inner, `${field}.`)) {
        yield { ...negative, body: { ...base, [name]: negative.body } };
      }
    }
  }
  for (const name of NOT_YOURS.filter((one) => !Object.hasOwn(schema.properties ?? {}, one))) {
    yield { why: `${at}${name} is added`, field: at + name, body: { ...base, [name]: 1 } };
  }
}

/** No object at all. */
export const NO_OBJECTS: unknown[] = [null, 'text', 5, true, []];

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const nestedObjects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

/** JSON that is legal, and hostile: as text, because no JSON.stringify would write it. */
export const HOSTILE_JSON: Record<string, string> = {
  '100 levels': nested(100),
  '10,000 levels': nested(10_000),
  '20,000 levels': nested(20_000),
  '9,000 levels of objects': nestedObjects(9000),
  '11,000 values': `[${new Array(11_000).fill('0').join()}]`,
  '100,000 keys': `{${Array.from({ length: 100_000 }, (_, i) => `"${i.toString(36)}":0`).join()}}`,
  __proto__: '{"__proto__":{"polluted":true}}',
  'a deeper __proto__': '{"a":[{"__proto__":{"polluted":true}}]}',
  'an escaped __proto__': '{"\\u005f_proto__":{"polluted":true}}',
  'constructor.prototype': '{"constructor":{"prototype":{"polluted":true}}}',
};

/** Numbers that no double holds: a field that is kept as the text that arrived may have them, and no other. */
export const HUGE_NUMBERS: Record<string, string> = {
  'a number beyond all': '{"n":1e400}',
  'a number below all': '[-1e400]',
};

/** JSON that parsers differ about: it may pass or be refused, but must break nothing. */
export const ODD_JSON: Record<string, string> = {
  'a lone surrogate': '{"a":"\\ud800"}',
  'a name given twice': '{"a":1,"a":2}',
  'an empty name': '{"":1}',
  'a number too long to be exact': '{"n":9007199254740993}',
  'minus zero': '{"n":-0}',
  'a null character': '{"a":"\\u0000"}',
  'line ends and colours': '{"a":"x\\r\\nSet-Cookie: y\\u001b[31m"}',
  '20 levels': nested(20),
};
