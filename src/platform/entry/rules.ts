import { ValidateBy, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** Any JSON at all, kept as the client wrote it; required unless `@IsOptional()` stands beside it. */
export const AnyJson = (): PropertyDecorator =>
  ValidateBy({ name: 'anyJson', validator: { validate: (value) => value !== undefined } });

/** Null is a value here: it clears the field. (With `@IsOptional()` the field may be left out as well.) */
export const Nullable = (): PropertyDecorator => ValidateIf((_, value) => value !== null);

/** What the docs say about a property beyond its rules: a description, an example. */
export const Documented = (schema: { description?: string; example?: unknown }): PropertyDecorator =>
  JSONSchema(schema) as PropertyDecorator;
