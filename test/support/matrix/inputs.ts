import type { Parley } from '../harness';
import { ok } from '../http';
import { keyOf, type RouteRow } from './cells';
import type { Schema } from './negatives';

interface Operation {
  requestBody?: { content: { 'application/json': { schema: { $ref?: string; anyOf?: { $ref?: string }[] } } } };
  parameters?: { in: string; name: string; schema: Schema }[];
}

/** What a route or an event takes, as the documents say. */
export interface Input {
  name: string;
  body?: Schema;
  query: Record<string, Schema>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every route of /docs/openapi.json with what it takes. */
export async function routeInputs(parley: Parley): Promise<Input[]> {
  const document = await ok<{
    paths: Record<string, Partial<Record<(typeof METHODS)[number], Operation>>>;
    components: { schemas: Record<string, Schema> };
  }>(parley.api.get('/docs/openapi.json'));
  const schemaAt = (ref: string | undefined): Schema | undefined =>
    ref === undefined ? undefined : document.components.schemas[ref.split('/').at(-1) ?? ''];
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    METHODS.flatMap((method) => {
      const operation = operations[method];
      if (!operation) return [];
      const taken = operation.requestBody?.content['application/json'].schema;
      const body = schemaAt((taken?.anyOf?.[0] ?? taken)?.$ref);
      const inQuery = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
      return [
        {
          name: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
          ...(body && { body }),
          query: Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
        },
      ];
    }),
  );
}

/** Every event of /docs/asyncapi.json that a client sends, with what it takes. */
export async function eventInputs(parley: Parley): Promise<(Input & { body: Schema })[]> {
  const { components } = await ok<{ components: { messages: Record<string, { name: string; payload: Schema }> } }>(
    parley.api.get('/docs/asyncapi.json'),
  );
  return Object.entries(components.messages)
    .filter(([key]) => key.startsWith('client.'))
    .map(([, { name, payload }]) => ({ name, body: payload, query: {} }));
}

/** Inputs that no row of the access matrix says how to make, or whose row sends what no document describes. */
export function inputGaps(inputs: readonly Input[], rows: Record<string, RouteRow>, sends: (row: RouteRow) => boolean) {
  const byKey = new Map(Object.entries(rows).map(([name, row]) => [keyOf(name), row]));
  return inputs.flatMap(({ name, body }) => {
    const row = byKey.get(name);
    if (!row) return [`${name} has no row`];
    if (sends(row) && !body) return [`${name} takes a body that the documents do not describe`];
    return sends(row) || !body ? [] : [`${name} describes a body, and its row sends none`];
  });
}
