/**
 * The product's limits of how much one party may do, out of the way of runs whose whole load comes from one machine and
 * a few credentials. They are read from the built product itself, so that a new one is raised as well.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const RAISED = '1000000000';
const LIMITS = /^(LIMIT|HTTP)_/;

/** Those that stay at their defaults, and why. @type {Readonly<Record<string, string>>} */
export const KEPT = {
  LIMIT_FRAME_BYTES: 'a size that clients rely on',
  LIMIT_TEXT_BYTES: 'a size that clients rely on',
  LIMIT_EXT_BYTES: 'a size that clients rely on',
  LIMIT_THUMBNAIL_BYTES: 'a size that clients rely on',
  LIMIT_PAGE_BYTES: 'the size of pages is part of how they perform',
  LIMIT_PUSH_RECORD_DAYS: 'how long something is kept, not how much of it',
  HTTP_UNREAD_BYTES: 'of a client that does not read its answers, which no run has',
  HTTP_ANSWER_TIMEOUT_MS: 'of a client that does not read its answers, which no run has',
};

/**
 * Variables with a value that nothing comes near.
 * @param {readonly string[]} variables of every setting @param {readonly string[]} [keepDefault] limits that the run is about
 * @returns {Record<string, string>}
 */
export const raised = (variables, keepDefault = []) =>
  Object.fromEntries(
    variables
      .filter((name) => LIMITS.test(name) && !(name in KEPT) && !keepDefault.includes(name))
      .map((name) => [name, RAISED]),
  );

/**
 * The same for the product that is built in this tree.
 * @param {string} root @param {readonly string[]} [keepDefault] @returns {Record<string, string>}
 */
export function raisedLimits(root, keepDefault) {
  const require = createRequire(join(root, 'package.json'));
  require('reflect-metadata');
  return raised(require('./dist/src/platform/config/read-settings.js').EVERY_VARIABLE, keepDefault);
}
