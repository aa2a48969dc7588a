import { applyDecorators } from '@nestjs/common';
import { IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { ID_PATTERN, NEW_ID_PATTERN, NEW_ID_RULE } from '../../kernel/ids';

/** Null is a value here: it clears the field. (With `@IsOptional()` the field may be left out as well.) */
export const Nullable = (): PropertyDecorator => ValidateIf((_, value) => value !== null);

/** What the docs say about a property beyond its rules: a description, an example. */
export const Documented = (schema: { description?: string; example?: unknown }): PropertyDecorator =>
  JSONSchema(schema) as PropertyDecorator;

/** A public id of a user, group, room or device (contract.md, Names); with `each`, a list of them. */
export const IsId = ({ each = false } = {}): PropertyDecorator =>
  Matches(ID_PATTERN, { each, message: 'An id has 1 to 64 of A-Z a-z 0-9 _ . @ - and no other.' });

/** As IsId, where a new thing is given its id. */
export const IsNewId = (): PropertyDecorator => Matches(NEW_ID_PATTERN, { message: NEW_ID_RULE });

/** What clients name freely and we compare: a message's type, a device's platform. */
export const IsTag = (): PropertyDecorator =>
  Matches(/^[A-Za-z0-9_.-]{1,32}$/, { message: 'Must have 1 to 32 of A-Z a-z 0-9 _ . - and no other.' });

/** A message's number in its log, or 0: before all of them. */
export const IsSeq = (): PropertyDecorator => applyDecorators(IsInt(), Min(0), Max(SEQ_MAX));

/** A text that shows something. */
export const NotBlank = (): PropertyDecorator =>
  Matches(/\S/, { message: 'Must have at least one visible character.' });
