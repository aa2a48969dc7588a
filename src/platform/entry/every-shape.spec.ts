import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectBothToAgree } from '../../../test/support/shape-agreement';
import { isShape } from './http/route-policy';
import type { Shape } from './shapes';

/** Every DTO class of the product: whatever a file of a dto folder (or page-query.ts) exports and decorates. */
function shapes(): [string, Shape][] {
  const root = join(__dirname, '../../modules');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\/dto\/.*(?<!\.spec)\.ts$/.test(file))
    .map((file) => join(root, file));
  return [...files, join(__dirname, 'page-query.ts')].flatMap((file) => {
    const exported = require(file) as Record<string, unknown>;
    return Object.entries(exported).filter((entry): entry is [string, Shape] => isShape(entry[1]));
  });
}

describe('every DTO of the product', () => {
  const found = shapes();

  it('is found', () => expect(found.length).toBeGreaterThan(10));

  it.each(found)('%s: the compiled check and class-validator agree', (_, shape) => expectBothToAgree(shape, 300));
});
