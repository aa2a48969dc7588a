import { invalid } from '../../kernel/errors/app-error';
import { measureJson } from './json-scan';

/** Nothing that people write to each other is nested deeper; whoever walks a body by recursion is safe below this. */
const DEPTH_MAX = 32;
const NODES_MAX = 10_000;
/** From this length on, reading the text costs less than walking objects of thousands of names. Characters. */
const LARGE_LENGTH = 4096;

/** Names through which a careless merge would reach the prototype of every object. */
const isTrap = (key: string, value: unknown): boolean =>
  key === '__proto__' ||
  (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

/**
 * Refuses JSON that is legal but hostile: too deep, too wide, keys that aim at prototypes. Walks without recursion, so the
 * depth of the input cannot exhaust the stack; a large one whose text says at once that it is harmless not at all.
 *
 * @param source the text that `value` was read from, alone or with others
 * @throws AppError INVALID_REQUEST naming `field`
 */
export function assertPlainJson(value: unknown, field: string, source = ''): void {
  if (typeof value !== 'object' || value === null) return;
  if (source.length >= LARGE_LENGTH && isPlainText(source)) return;
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

/** Whether the text alone tells that nothing in it is hostile. An escape may spell any name. */
function isPlainText(source: string): boolean {
  if (source.includes('__proto__') || source.includes('constructor') || source.includes('\\u')) return false;
  const { depth, values } = measureJson(source);
  return depth <= DEPTH_MAX && values <= NODES_MAX;
}

function walkArray(items: unknown[], next: object[], nodes: number, field: string): number {
  if (nodes + items.length > NODES_MAX) throw tooMany(field);
  for (const item of items) visit(item, next);
  return nodes + items.length;
}

function walkObject(parent: object, next: object[], nodes: number, field: string): number {
  const values = parent as Record<string, unknown>;
  for (const key in values) {
    const value = values[key];
    if (++nodes > NODES_MAX) throw tooMany(field);
    if (isTrap(key, value)) throw invalid(field, `The name ${key} is reserved.`);
    visit(value, next);
  }
  return nodes;
}

function visit(value: unknown, next: object[]): void {
  if (typeof value === 'object' && value !== null) next.push(value);
}

/**
 * Refuses numbers beyond a double's range (`1e400`), of which JavaScript makes infinities that no JSON can say: for what
 * is not kept as the text that arrived. No deeper than `assertPlainJson` lets in.
 *
 * @throws AppError INVALID_REQUEST naming `field`
 */
export function assertNumbersFit(value: unknown, field: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(field, 'A number is out of range.');
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) assertNumbersFit(inner, field);
}

const tooMany = (field: string) => invalid(field, `More than ${NODES_MAX} values.`);
