import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { schemaOf } from '../entry/shapes';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { errorSchema, publishedErrors } from './error-catalogue';
import { EventCatalogue } from './event-catalogue';
import { RouteCatalogue, type CataloguedRoute } from './route-catalogue';
import { readWireTypes, type WireTypes } from './wire-types';

type Schema = Record<string, unknown>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** How each kind of caller proves itself. */
const SCHEME_OF: Record<string, string | undefined> = {
  user: 'user',
  app: 'app',
  developer: 'developer',
  operator: 'operator',
};

/** The UI runs scripts and styles of its own; nothing of it comes from elsewhere. */
const UI_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** OpenAPI with a UI at /docs, the documents at /docs/openapi.json, /docs/asyncapi.json and /docs/errors.json. */
export function openDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const document = openApi(app);
  const asyncApi = app.get(EventCatalogue, { strict: false }).asyncApi();
  const errors = { errors: publishedErrors() };

  fastify.addHook('onRequest', (request: HttpRequest, reply: HttpReply, done: () => void) => {
    if (request.url === '/docs' || request.url.startsWith('/docs/'))
      void reply.header('content-security-policy', UI_POLICY);
    done();
  });
  fastify.get('/docs/asyncapi.json', (_request, reply: HttpReply) => reply.send(asyncApi));
  fastify.get('/docs/errors.json', (_request, reply: HttpReply) => reply.send(errors));
  SwaggerModule.setup('docs', app, () => document, {
    jsonDocumentUrl: 'docs/openapi.json',
    customSiteTitle: 'Parley API',
  });
}

export function openApi(app: NestFastifyApplication, types: WireTypes = readWireTypes()): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Parley')
    .setVersion('1')
    .setDescription(
      'Self-hosted, multi-tenant instant messaging. Errors: /docs/errors.json. Socket events: /docs/asyncapi.json.',
    )
    .addSecurity('app', { type: 'http', scheme: 'basic', description: 'App server: appId:appSecret' })
    .addSecurity('developer', {
      type: 'http',
      scheme: 'basic',
      description: 'Developer: accountSid:authToken; with the header X-App-Id it acts as the app server of its own app',
    })
    .addSecurity('user', { type: 'http', scheme: 'bearer', description: 'User token' })
    .addSecurity('operator', { type: 'http', scheme: 'bearer', description: 'The token of this deployment’s operator' })
    .build();
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: (controller, method) => `${controller}.${method}`,
  });
  const routes = app.get(RouteCatalogue, { strict: false }).routes();

  const schemas: Record<string, Schema> = {
    ...types.schemas,
    Error: { type: 'object', required: ['error'], properties: { error: errorSchema() } },
  };
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      const route = operation && routes.get(operation.operationId ?? '');
      if (!operation || !route) continue;
      describe(operation, route, schemas);
      describeAnswer(operation, types.routes[operation.operationId ?? '']);
    }
  }
  // The schemas that the checks are compiled from, not a second description of them.
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(schemas as object) },
  };
  return document;
}

/** The body of a success. */
function describeAnswer({ responses }: Operation, schema: Schema | undefined): void {
  if (!schema) return;
  for (const [status, response] of Object.entries(responses)) {
    if (response && status.startsWith('2') && status !== '204')
      Object.assign(response, { content: { 'application/json': { schema } } });
  }
}

function describe(
  operation: Operation,
  { body, query, allowed }: CataloguedRoute,
  schemas: Record<string, Schema>,
): void {
  if (body) {
    schemas[body.name] = schemaOf(body);
    operation.requestBody = {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${body.name}` } } },
    };
  }
  if (query) {
    const { properties, required = [] } = schemaOf(query) as {
      properties: Record<string, Schema>;
      required?: string[];
    };
    const others = (operation.parameters ?? []).filter((parameter) => !('in' in parameter) || parameter.in !== 'query');
    const own = Object.entries(properties).map(([name, schema]) => ({
      name,
      in: 'query' as const,
      required: required.includes(name),
      schema,
      ...(schema.type === 'array' && { style: 'form' as const, explode: false }),
    }));
    operation.parameters = [...others, ...own] as Operation['parameters'];
  }
  const kinds = allowed.has('anyone') ? [] : [...allowed];
  operation.security = kinds.flatMap((kind) => {
    const scheme = SCHEME_OF[kind];
    return scheme ? [{ [scheme]: [] }] : [];
  });
  operation.responses = {
    ...operation.responses,
    default: {
      description: 'A failure: its code says which (see /docs/errors.json)',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  };
}
