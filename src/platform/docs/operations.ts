import type { OpenAPIObject } from '@nestjs/swagger';
import { schemaOf } from '../entry/shapes';
import { inputSchema } from './input-schema';
import type { CataloguedRoute } from './route-catalogue';
import type { WireTypes } from './wire-types';

type Schema = Record<string, unknown>;
export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** How each kind of caller proves itself. */
const SCHEME_OF: Record<string, string | undefined> = {
  user: 'user',
  app: 'app',
  developer: 'developer',
  operator: 'operator',
};

/** Everything that one operation of the document says. `schemas` takes the shapes that it names. */
export function describe(
  operation: Operation,
  route: CataloguedRoute,
  types: WireTypes,
  schemas: Record<string, Schema>,
): void {
  const name = operation.operationId ?? '';
  describeItself(operation, types.said.routes[name]);
  describeBody(operation, route, types, schemas);
  describeQuery(operation, route, types);
  describeAnswer(operation, route, types.routes[name]);
  const kinds = route.allowed.has('anyone') ? [] : [...route.allowed];
  operation.security = kinds.flatMap((kind) => {
    const scheme = SCHEME_OF[kind];
    return scheme ? [{ [scheme]: [] }] : [];
  });
}

/** The first sentence in the list of operations, all of them where it is opened. */
function describeItself(operation: Operation, says: string | undefined): void {
  if (!says) return;
  const [summary = says] = says.split(/(?<=[.:?]) (?=[A-Z])/, 1);
  operation.summary = summary.replace(/\.$/, '');
  if (summary !== says) operation.description = says;
}

function describeBody(
  operation: Operation,
  { body, orMany }: CataloguedRoute,
  types: WireTypes,
  schemas: Record<string, Schema>,
): void {
  if (!body) return;
  const schema = (schemas[body.name] = inputSchema(body, types.said.inputs));
  const $ref = `#/components/schemas/${body.name}`;
  operation.requestBody = {
    required: Array.isArray(schema.required),
    content: {
      'application/json': {
        schema: orMany
          ? { anyOf: [{ $ref }, { type: 'array', minItems: 1, maxItems: orMany, items: { $ref } }] }
          : { $ref },
      },
    },
  };
}

function describeQuery(operation: Operation, { query }: CataloguedRoute, types: WireTypes): void {
  if (!query) return;
  const { required = [] } = schemaOf(query) as { required?: string[] };
  const { properties } = inputSchema(query, types.said.inputs) as { properties: Record<string, Schema> };
  const others = (operation.parameters ?? []).filter((parameter) => !('in' in parameter) || parameter.in !== 'query');
  const own = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query' as const,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
    ...(schema.type === 'array' && { style: 'form' as const, explode: false }),
  }));
  operation.parameters = [...others, ...own] as Operation['parameters'];
}

function describeAnswer(operation: Operation, { hasTwoStatuses }: CataloguedRoute, schema: Schema | undefined): void {
  const { responses } = operation;
  if (hasTwoStatuses) {
    responses['200'] = { ...responses['201'], description: 'It was so before, or each item answers for itself' };
    responses['201'] = { ...responses['201'], description: 'Made' };
  }
  for (const [status, response] of Object.entries(responses)) {
    if (!response || !status.startsWith('2')) continue;
    const content = schema && status !== '204' && { content: { 'application/json': { schema } } };
    const description = ('description' in response && response.description) || 'Done';
    Object.assign(response, { description, ...content });
  }
  operation.responses = {
    ...responses,
    default: {
      description: 'A failure: its code says which (see /docs/errors.json)',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  };
}
