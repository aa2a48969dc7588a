import { applyDecorators } from '@nestjs/common';
import { IsInt, IsString, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { cleanName, lengthOfName } from '../../kernel/names';
import { ID_PATTERN, ID_RULE, NEW_ID_PATTERN, NEW_ID_RULE } from '../../kernel/ids';
import { NAME_LENGTH_RULE, NAME_RULE } from './shape-schemas';

/** Null is a value here: it clears the field. (With `@IsOptional()` the field may be left out as well.) */
export const Nullable = (): PropertyDecorator => ValidateIf((_, value) => value !== null);

/** What the docs say about a property beyond its rules: a description, an example. */
export const Documented = (schema: { description?: string; example?: unknown }): PropertyDecorator =>
  JSONSchema(schema) as PropertyDecorator;

/** Still understood, so that it can be refused with a reason; not offered where fields are listed. */
export const NotOffered = (): PropertyDecorator => JSONSchema({ deprecated: true }) as PropertyDecorator;

/** A public id of a user, group, room or device (contract.md, Ids and names); with `each`, a list of them. */
export const IsId = ({ each = false } = {}): PropertyDecorator => Matches(ID_PATTERN, { each, message: ID_RULE });

/** As IsId, where a new thing is given its id. */
export const IsNewId = (): PropertyDecorator => Matches(NEW_ID_PATTERN, { message: NEW_ID_RULE });

/** What clients name freely and we compare: a message's type, a device's platform. */
export const IsTag = (): PropertyDecorator =>
  Matches(/^[A-Za-z0-9_.-]{1,32}$/, { message: 'Must have 1 to 32 of A-Z a-z 0-9 _ . - and no other.' });

/** A message's number in its log, or 0: before all of them. */
export const IsSeq = (): PropertyDecorator => applyDecorators(IsInt(), Min(0), Max(SEQ_MAX));

/** Of so many code points as it is written, whatever of it is not seen included. */
const WRITTEN_TIMES = 4;

/**
 * A name that people read (kernel/names.ts): what reaches the handler is the cleaned one, of 1 to `max` code points.
 * Top-level properties only.
 */
export const IsName = (max: number): PropertyDecorator =>
  applyDecorators(
    IsString(),
    ValidateBy({
      name: NAME_LENGTH_RULE,
      constraints: [max],
      validator: {
        validate: (value) =>
          typeof value === 'string' && value.length <= 2 * WRITTEN_TIMES * max && lengthOfName(cleanName(value)) <= max,
        defaultMessage: () => `Must have at most ${max} characters.`,
      },
    }),
    ValidateBy({
      name: NAME_RULE,
      validator: {
        validate: (value) => typeof value === 'string' && cleanName(value) !== '',
        defaultMessage: () => 'Must have at least one visible character.',
      },
    }),
  );
