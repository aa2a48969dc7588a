import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { AppError } from '../../kernel/errors/app-error';
import { docsAssets, docsPage } from './docs-page';
import { errorSchema, publishedErrors } from './error-catalogue';
import { EventCatalogue } from './event-catalogue';
import { describe } from './operations';
import { PreparedFile } from './prepared-file';
import { RouteCatalogue } from './route-catalogue';
import { readWireTypes, type WireTypes } from './wire-types';

type Schema = Record<string, unknown>;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The UI runs scripts and styles of its own; nothing of it comes from elsewhere. */
const UI_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** OpenAPI with a UI at /docs, the documents at /docs/openapi.json, /docs/asyncapi.json and /docs/errors.json. */
export function openDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const openapi = PreparedFile.json(openApi(app));
  const assets = docsAssets();

  fastify.addHook('onRequest', (request: HttpRequest, reply: HttpReply, done: () => void) => {
    if (request.url === '/docs' || request.url.startsWith('/docs/'))
      void reply.header('content-security-policy', UI_POLICY);
    done();
  });
  fastify.get('/docs/openapi.json', openapi.send);
  // Every JSON text is a YAML 1.2 text.
  fastify.get('/docs-yaml', openapi.as('text/yaml; charset=utf-8').send);
  fastify.get('/docs/asyncapi.json', PreparedFile.json(app.get(EventCatalogue, { strict: false }).asyncApi()).send);
  fastify.get('/docs/errors.json', PreparedFile.json({ errors: publishedErrors() }).send);
  fastify.get('/docs', docsPage('./docs/').send);
  fastify.get('/docs/', docsPage('./').send);
  fastify.get('/docs/*', (request: HttpRequest, reply: HttpReply) => {
    const asset = assets.get((request.params as { '*': string })['*']);
    if (!asset) throw new AppError('ROUTE_NOT_FOUND');
    return asset.send(request, reply);
  });
}

export function openApi(app: NestFastifyApplication, types: WireTypes = readWireTypes()): OpenAPIObject {
  const base = new DocumentBuilder()
    // Its schemas are JSON Schema as it is; in 3.0 null would be no type.
    .setOpenAPIVersion('3.1.0')
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
      describe(operation, route, types, schemas);
    }
  }
  // The schemas that the checks are compiled from, not a second description of them.
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(schemas as object) },
  };
  return document;
}
