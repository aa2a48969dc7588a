import { invalid } from '../../kernel/errors/app-error';

/** Nothing that people write to each other is nested deeper; whoever walks a body by recursion is safe below this. */
const DEPTH_MAX = 32;
const NODES_MAX = 10_000;

/** Names through which a careless merge would reach the prototype of every object. */
const isTrap = (key: string, value: unknown): boolean =>
  key === '__proto__' ||
  (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

/**
 * Refuses JSON that is legal but hostile: too deep, too wide, numbers that are no numbers (`1e400`), keys that aim at
 * prototypes. Walks without recursion, so the depth of the input cannot exhaust the stack.
 *
 * @throws AppError INVALID_REQUEST naming `field`
 */
export function assertPlainJson(value: unknown, field: string): void {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(field, 'A number is out of range.');
    return;
  }
  let level: object[] = [value];
  let nodes = 1;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw invalid(field, `Nested deeper than ${DEPTH_MAX} levels.`);
    const next: object[] = [];
    for (const parent of level) {
      nodes = Array.isArray(parent) ? walkArray(parent, next, nodes, field) : walkObject(parent, next, nodes, field);
    }
    level = next;
  }
}

function walkArray(items: unknown[], next: object[], nodes: number, field: string): number {
  if (nodes + items.length > NODES_MAX) throw tooMany(field);
  for (const item of items) visit(item, next, field);
  return nodes + items.length;
}

function walkObject(parent: object, next: object[], nodes: number, field: string): number {
  const values = parent as Record<string, unknown>;
  for (const key in values) {
    const value = values[key];
    if (++nodes > NODES_MAX) throw tooMany(field);
    if (isTrap(key, value)) throw invalid(field, `The name ${key} is reserved.`);
    visit(value, next, field);
  }
  return nodes;
}

function visit(value: unknown, next: object[], field: string): void {
  if (typeof value === 'object') {
    if (value !== null) next.push(value);
  } else if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(field, 'A number is out of range.');
}

const tooMany = (field: string) => invalid(field, `More than ${NODES_MAX} values.`);
