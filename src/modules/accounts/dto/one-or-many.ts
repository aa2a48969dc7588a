import { validatorOf, type Validator } from '../../../platform/entry/shapes';
import { CreateUserDto } from './user.dto';

export const BATCH_MAX = 100;

/** One user, checked; or a batch, whose items are checked one by one so that each has an answer of its own. */
export const oneOrMany: Validator<CreateUserDto | unknown[]> = (body) =>
  Array.isArray(body) ? (body as unknown[]) : validatorOf(CreateUserDto)(body);
