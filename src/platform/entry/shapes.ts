import type { AppError } from '../../kernel/errors/app-error';

export type Shape<T extends object = object> = new () => T;
/** Checks a value read from a wire and returns it typed; throws INVALID_REQUEST (or TOO_LARGE) naming the field. */
export type Validator<T> = (value: unknown) => T;

/**
 * The compiled validator of a DTO class: class-validator's decorators → JSON Schema → ajv, once per class; unknown
 * fields are refused. Both doors and OpenAPI use the same class (design point 3).
 */
export declare function validatorOf<T extends object>(shape: Shape<T>): Validator<T>;
/** The JSON Schema of a DTO class, for OpenAPI and the event catalogue. */
export declare function schemaOf(shape: Shape): Record<string, unknown>;
export type { AppError };
