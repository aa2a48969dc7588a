import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectBothToAgree } from '../../../test/support/shape-agreement';
import { isShape } from './http/route-policy';
import type { Shape } from './shapes';

/** Every DTO class of the product: whatever a file of a dto folder (or page-query.ts) exports and decorates. */
async function shapes(): Promise<[string, Shape][]> {
  const root = join(__dirname, '../../modules');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\/dto\/.*(?<!\.spec)\.ts$/.test(file))
    .map((file) => join(root, file));
  const found: [string, Shape][] = [];
  for (const file of [...files, join(__dirname, 'page-query.ts')]) {
    const exported = (await import(file)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) if (isShape(value)) found.push([name, value]);
  }
  return found;
}

it('every DTO of the product means the same to the compiled check and to class-validator', async () => {
  const found = await shapes();
  expect(found.length).toBeGreaterThan(10);
  const apart: string[] = [];
  for (const [name, shape] of found) {
    try {
      expectBothToAgree(shape, 300);
    } catch (error) {
      apart.push(`${name}: ${String(error)}`);
    }
  }
  expect(apart).toEqual([]);
});
