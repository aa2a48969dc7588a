import type { OpenAPIObject } from '@nestjs/swagger';
import Ajv2020 from 'ajv/dist/2020';
import { openApi } from '../../src/platform/docs/docs';
import { EventCatalogue } from '../../src/platform/docs/event-catalogue';
import { OPERATOR_TOKEN, startParley, type Parley } from '../support/harness';

describe('the published face', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley();
  });
  afterAll(() => parley.stop());

  it('describes every route with its callers, and every body by the schema that checks it', async () => {
    const { body } = await parley.api.get('/docs/openapi.json');
    const operations = Object.entries(body.paths as object).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { security?: unknown; requestBody?: unknown }>).map(
        ([method, operation]) => ({ path, method, ...operation }),
      ),
    );
    expect(operations.length).toBeGreaterThan(20);
    for (const { security } of operations) expect(security).toBeDefined();
    expect(body.paths['/v1/messages'].post.requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/SendMessageDto' } } },
    });
    expect(body.components.schemas.SendMessageDto).toMatchObject({ type: 'object', additionalProperties: false });
    expect(JSON.stringify(body)).not.toContain('"x-rules"');
  });

  it('is OpenAPI 3.1: schemas are JSON Schema as it is, and refer to nothing that is not there', async () => {
    const { body } = await parley.api.get<OpenAPIObject>('/docs/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\./);
    const ajv = new Ajv2020({ strict: false });
    const schemas = body.components?.schemas ?? {};
    expect(Object.keys(schemas).filter((name) => !ajv.validateSchema(schemas[name] ?? {}))).toEqual([]);
    const refs = [...JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => String(name));
    expect(refs.filter((name) => !(name in schemas))).toEqual([]);
  });

  it('says what is answered where the build has read it from the types', () => {
    const types = {
      routes: { 'GroupsController.get': { $ref: '#/components/schemas/GroupView' }, 'GroupsController.dissolve': {} },
      events: { server: { 'conversation:tip': { type: 'object' } }, replies: { 'group:leave': { maxProperties: 0 } } },
      schemas: { GroupView: { type: 'object' } },
      said: {
        routes: { 'GroupsController.get': 'One group. To members.', 'MessagesController.send': 'Sends (201)' },
        events: { 'group:leave': 'Leaves.' },
        inputs: {
          SendMessageDto: { says: 'A message', fields: { to: { says: 'Where to', of: 'AddressDto' } } },
          AddressDto: { says: '', fields: { id: { says: 'Of whom' } } },
          PageQuery: { says: '', fields: { limit: { says: 'How many' } } },
        },
      },
    };
    const { paths, components } = openApi(parley.app, types);
    expect(paths['/v1/groups/{groupId}']?.get).toMatchObject({
      summary: 'One group',
      description: 'One group. To members.',
    });
    expect(paths['/v1/groups']?.get?.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', description: 'How many' }),
    );
    expect(Object.keys(paths['/v1/messages']?.post?.responses ?? {}).sort()).toEqual(['200', '201', 'default']);
    expect(paths['/v1/users']?.post?.requestBody).toMatchObject({
      content: { 'application/json': { schema: { anyOf: [{}, { type: 'array', maxItems: 100 }] } } },
    });
    expect(components?.schemas?.SendMessageDto).toMatchObject({
      description: 'A message',
      properties: { to: { description: 'Where to', properties: { id: { description: 'Of whom' } } } },
    });
    expect(paths['/v1/groups/{groupId}']?.get?.responses['200']).toMatchObject({
      content: { 'application/json': { schema: types.routes['GroupsController.get'] } },
    });
    expect(paths['/v1/groups/{groupId}']?.delete?.responses['204']).not.toHaveProperty('content');
    expect(components?.schemas).toMatchObject({ GroupView: types.schemas.GroupView, Error: { type: 'object' } });

    const events = parley.app.get(EventCatalogue, { strict: false }).asyncApi(types) as {
      components: { messages: Record<string, { payload: object; summary?: string }>; schemas: object };
    };
    const { messages, schemas } = events.components;
    expect(messages['client.group-leave']).toMatchObject({ summary: 'Leaves.' });
    expect(messages['server.conversation-tip']).toMatchObject({ payload: { type: 'object' } });
    expect(messages['reply.group-leave']?.payload).toMatchObject({
      oneOf: [{ properties: { data: { maxProperties: 0 } } }, { properties: { error: {} } }],
    });
    expect(schemas).toEqual(types.schemas);
  });

  it('refuses every closed route to a caller without a credential', async () => {
    type Paths = Record<string, Record<string, { security: unknown[] }>>;
    const { body } = await parley.api.get<{ paths: Paths }>('/docs/openapi.json');
    const answers: string[] = [];
    for (const [path, methods] of Object.entries(body.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        if (security.length === 0) continue;
        const response = await fetch(parley.url + path.replace(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
        if (response.status !== 401) answers.push(`${method} ${path}: ${response.status}`);
      }
    }
    expect(answers).toEqual([]);
  });

  it('lists every socket event and every error', async () => {
    const events = await parley.api.get('/docs/asyncapi.json');
    expect(Object.keys(events.body.operations)).toEqual(
      expect.arrayContaining(['client.message-send', 'server.message-new']),
    );
    const errors = await parley.api.get('/docs/errors.json');
    expect(errors.body.errors).toContainEqual(expect.objectContaining({ code: 'RETRY', status: 503, retryable: true }));
  });

  it('serves its own UI, from this server alone', async () => {
    const { status, headers, body } = await parley.api.get('/docs');
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(String(body)).not.toMatch(/(src|href)="https?:/);
    expect((await parley.api.get('/docs/swagger-ui-bundle.js')).status).toBe(200);
  });

  it('can be closed', async () => {
    const closed = await parley.another({ DOCS: 'false' });
    for (const path of ['/docs', '/docs/openapi.json', '/docs/asyncapi.json', '/docs/errors.json']) {
      expect((await closed.api.get(path)).status).toBe(404);
    }
    await closed.stop();
  });

  it('shows metrics to the operator alone, on this machine as elsewhere', async () => {
    const operator = parley.api.as({ bearer: OPERATOR_TOKEN });
    expect(String((await operator.get('/metrics')).body)).toContain('nodejs_eventloop_lag_seconds');
    // A proxy on this machine may add no header that says for whom it asks.
    const strangers: Record<string, string>[] = [
      {},
      { 'x-forwarded-for': '203.0.113.9' },
      { authorization: 'Bearer another-token' },
    ];
    for (const headers of strangers) expect((await parley.api.get('/metrics', headers)).status).toBe(404);
  });
});
