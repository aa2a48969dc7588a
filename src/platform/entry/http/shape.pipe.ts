import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { queryValidatorOf, validatorOf, type Shape, type Validator } from '../shapes';
import { sourceOf } from './json-body';
import { isShape } from './route-policy';

/** Checks bodies and queries by the compiled validator of their DTO class; RoutePolicies refuses routes without one. */
export class ShapePipe implements PipeTransform {
  private readonly checks = new Map<unknown, Validator<object> | undefined>();
  private readonly queryChecks = new Map<unknown, Validator<object> | undefined>();

  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || data !== undefined) return value;
    const known = type === 'body' ? this.checks : this.queryChecks;
    let check = known.get(metatype);
    if (check === undefined && !known.has(metatype)) {
      check = isShape(metatype) ? (type === 'body' ? validatorOf(metatype) : queryValidatorOf(metatype)) : undefined;
      known.set(metatype, check);
    }
    // No body at all is an empty one: every field may be optional.
    if (!check) return value;
    return type === 'body' ? check(value === undefined ? {} : value, sourceOf(value)) : check(value);
  }
}

/** A body that is no single DTO: `@Body(new Checked(validator, Dto))`. The documents show it as `shape`, or a list of `orMany`. */
export class Checked<T> implements PipeTransform {
  constructor(
    private readonly check: Validator<T>,
    readonly shape: Shape,
    readonly orMany?: number,
  ) {}

  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    return type === 'body' || type === 'query' ? this.check(value, sourceOf(value)) : value;
  }
}
