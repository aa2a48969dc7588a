import type { ErrorObject } from 'ajv';
import { invalid, type AppError } from '../../kernel/errors/app-error';
import { heldRules, MESSAGES_KEYWORD } from './shape-schemas';

const FIELD_MAX = 120;

/** `/members/2/userId` → `members[2].userId`. */
function fieldOf(pointer: string, last?: string): string {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (last !== undefined) parts.push(last);
  const field = parts.reduce(
    (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part),
    '',
  );
  return (field || 'body').slice(0, FIELD_MAX);
}

const listed = (values: unknown[]): string =>
  values
    .slice(0, 20)
    .map((value) => JSON.stringify(value))
    .join(', ');
const aOr = (type: string): string => (/^[aeio]/.test(type) ? `an ${type}` : `a ${type}`);

type Says = (error: ErrorObject<string, Record<string, unknown>>) => string;

/** What to write instead, per keyword of JSON Schema. */
const SAYS: Record<string, Says> = {
  required: () => 'This field is required.',
  additionalProperties: ({ parentSchema }) => {
    const known = Object.entries((parentSchema?.properties ?? {}) as Record<string, { deprecated?: boolean }>)
      .filter(([, { deprecated }]) => !deprecated)
      .map(([name]) => name);
    return known.length > 0
      ? `There is no such field; known are ${known.slice(0, 30).join(', ')}.`
      : 'There is no such field.';
  },
  type: ({ params }) =>
    `Must be ${[params.type]
      .flat()
      .map((type) => aOr(String(type)))
      .join(' or ')}.`,
  enum: ({ params }) => {
    const allowed = params.allowedValues as unknown[];
    return allowed.length === 1 ? `Must be ${listed(allowed)}.` : `Must be one of ${listed(allowed)}.`;
  },
  pattern: ({ params }) => `Must match ${String(params.pattern)}.`,
  minLength: ({ params }) => `Must have at least ${String(params.limit)} characters.`,
  maxLength: ({ params }) => `Must have at most ${String(params.limit)} characters.`,
  minItems: ({ params }) => `Must list at least ${String(params.limit)}.`,
  maxItems: ({ params }) => `Must list at most ${String(params.limit)}.`,
  minimum: ({ params }) => `Must be at least ${String(params.limit)}.`,
  maximum: ({ params }) => `Must be at most ${String(params.limit)}.`,
  exclusiveMinimum: ({ params }) => `Must be more than ${String(params.limit)}.`,
  exclusiveMaximum: ({ params }) => `Must be less than ${String(params.limit)}.`,
  minProperties: () => 'Must not be empty.',
  not: () => 'Must not be null.',
  'x-rules': ({ params }) => {
    const rule = heldRules[params.rule as number];
    return rule?.says ? `${rule.says.replace(/\.$/, '')}.` : `Does not pass the rule "${rule?.name ?? 'unknown'}".`;
  },
};

/** The first error that says something: an `anyOf` around a nullable field says nothing by itself. */
export function refusalOf(errors: readonly ErrorObject[] | null | undefined): AppError {
  const telling =
    errors?.find(({ keyword, params }) => keyword !== 'anyOf' && (params as { type?: unknown }).type !== 'null') ??
    errors?.[0];
  if (!telling) return invalid('body', 'The request is not valid.');
  const error = telling as ErrorObject<string, Record<string, unknown>>;
  const { missingProperty, additionalProperty } = error.params;
  const own: unknown = error.parentSchema?.[MESSAGES_KEYWORD];
  const says =
    (own as Record<string, string> | undefined)?.[error.keyword] ??
    SAYS[error.keyword]?.(error) ??
    `${error.message ?? 'Not valid'}.`;
  return invalid(fieldOf(error.instancePath, (missingProperty ?? additionalProperty) as string | undefined), says);
}
