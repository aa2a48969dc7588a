import type { LoggerService } from '@nestjs/common';
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../../../src/kernel/contracts/socket-events';
import { RouteCatalogue } from '../../../src/platform/docs/route-catalogue';
import { JsonLog, logOptions } from '../../../src/platform/observability/logging';
import { aConnectedUser, anApp, aSession, aUser } from '../../support/builders';
import { OPERATOR_TOKEN, startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText } from '../../support/messages';
import { connect } from '../../support/socket';

const SERIES = [
  // Connections and what they say.
  'parley_connections',
  'parley_handshakes_total',
  'parley_socket_events_total',
  'parley_socket_refusals_total',
  // Sends and group commit.
  'parley_messages_total',
  'parley_commit_batch_messages_bucket',
  'parley_commit_seconds_bucket',
  'parley_commit_queue_messages',
  // What is owed.
  'parley_outbox_pending',
  'parley_outbox_oldest_seconds',
  'parley_outbox_dead',
  // Fan-out and whoever cannot keep up.
  'parley_fanout_seconds_bucket',
  'parley_live_frames_total',
  'parley_live_frames_held_back_total',
  'parley_lagging_sockets',
  'parley_slow_consumers_closed_total',
  'parley_bus_total',
  // The process.
  'parley_http_seconds_bucket',
  'nodejs_eventloop_lag_seconds',
  'nodejs_eventloop_lag_p99_seconds',
  'process_resident_memory_bytes',
];

describe('operations', () => {
  const lines: string[] = [];
  let parley: Parley;

  beforeAll(async () => {
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    // Everything that is ever logged, at the level that tells the most.
    const log: LoggerService = new JsonLog(pino(logOptions({ logLevel: 'trace' }), stream));
    parley = await startParley({ LOG_LEVEL: 'trace' }, log);
  });
  afterAll(() => parley?.stop());

  it('the log of a whole journey, refusals included, holds no token, secret, password, or word that a user wrote', async () => {
    const app = await anApp(parley, { mode: 'fixed' });
    const ann = await aConnectedUser(app);
    const bob = await aConnectedUser(app);
    const canary = 'canary-that-nobody-may-read';
    const said = aText(bob.userId, canary, { ext: { note: canary } });
    await ann.device.tell('message:send', said);
    await bob.device.next('message:new');
    const other = { ...said, body: { text: `${canary} twice` } };
    expect((await ann.api.post('/v1/messages', other)).status).toBe(409);
    expect((await ann.api.post('/v1/messages', { ...said, [canary]: 1 })).status).toBe(400);
    expect((await ann.api.post('/v1/messages', `{"body": "${canary}`)).status).toBe(400);
    await ann.device.ask('message:send', { ...said, to: canary } as never);
    await expect(connect(parley.url, `${ann.token}.${canary}`)).rejects.toBeDefined();
    const wrong = { appId: app.appId, account: ann.user.account, password: canary };
    expect((await parley.api.post('/v1/sessions', wrong)).status).toBe(401);
    expect((await parley.api.as({ basic: [app.appId, canary] }).get('/v1/users')).status).toBe(401);
    expect((await parley.api.get(`/v1/users?token=${ann.token}`)).status).toBe(401);
    await ok(app.api.patch(`/v1/users/${ann.userId}`, { nickname: canary }));
    const second = await aSession(await aUser(app));
    await ok(app.api.delete(`/v1/users/${ann.userId}/sessions`));
    expect(await ann.device.ended()).toBeDefined();
    bob.device.close();

    const log = lines.join('');
    expect(lines.length).toBeGreaterThan(20);
    expect(log).toContain('"level":"debug"');
    const secrets = {
      canary,
      annsToken: ann.token,
      bobsToken: bob.token,
      theSignature: second.token.split('.').pop() ?? second.token,
      password: String(ann.user.password),
      appSecret: app.appSecret,
      appToken: app.appToken,
      authToken: app.developer.authToken,
      operator: parley.settings.security.operatorToken ?? '',
      encryptionKey: parley.settings.security.encryptionKey,
      database: new URL(parley.settings.stores.mysqlUrl).password,
      redis: new URL(parley.settings.stores.redisUrl).password,
    };
    const found = Object.entries(secrets).filter(([, secret]) => secret !== '' && log.includes(secret));
    expect(found.map(([name]) => name)).toEqual([]);
  });

  it('metrics have every promised series, and count what happened', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
    const read = async () => String((await parley.api.as({ bearer: OPERATOR_TOKEN }).get('/metrics')).body);
    const valueOf = (text: string, series: string) =>
      Number(new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    const stored = 'parley_messages_total{result="stored"}';
    const before = await read();
    for (let n = 0; n < 5; n++) await ann.device.tell('message:send', aText(bob.userId, `${n}`));
    await bob.device.next('message:new', ({ seq }) => seq === 5);

    const after = await read();
    expect(SERIES.filter((name) => !new RegExp(`^${name}[ {]`, 'm').test(after))).toEqual([]);
    expect(valueOf(after, stored) - valueOf(before, stored)).toBe(5);
    expect(valueOf(after, 'parley_connections')).toBe(2);
    expect(valueOf(after, 'parley_live_frames_total') - valueOf(before, 'parley_live_frames_total')).toBe(5);
    // No label names a tenant, a user or a path that somebody made up.
    await parley.api.get('/v1/made-up-path-of-somebody');
    for (const name of [app.appId, ann.userId, 'made-up-path']) expect(await read()).not.toContain(name);
    for (const { device } of [ann, bob]) device.close();
  });

  it('the published documents name every route that answers, and every event in both directions', async () => {
    const openapi = await ok(parley.api.get<{ paths: Record<string, Record<string, unknown>> }>('/docs/openapi.json'));
    const published = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const instance = parley.app.getHttpAdapter().getInstance();
    for (const route of published) {
      const [method, url] = route.split(' ');
      expect([route, instance.hasRoute({ method: method, url })]).toEqual([route, true]);
    }
    const operations = Object.values(openapi.paths).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    const running = [...parley.app.get(RouteCatalogue, { strict: false }).routes().keys()];
    expect(operations.sort()).toEqual(running.filter((name) => !/^(Health|Metrics)Controller\./.test(name)).sort());
    for (const route of [
      'POST /v1/sessions',
      'POST /v1/messages',
      'GET /v1/conversations',
      'GET /v1/conversations/:conversationId/messages',
      'PUT /v1/conversations/:conversationId/read',
      'DELETE /v1/users/:userId/sessions/:sessionId',
      'POST /v1/apps/:appId/online',
      'POST /v1/operator/developers/:accountSid/approve',
      'GET /v1/limits',
    ])
      expect(published).toContain(route);

    const events = await ok(parley.api.get<{ operations: object }>('/docs/asyncapi.json'));
    expect(Object.keys(events.operations).sort()).toEqual(
      [
        ...CLIENT_EVENTS.map((event) => `client.${event.replaceAll(':', '-')}`),
        ...SERVER_EVENTS.map((event) => `server.${event.replaceAll(':', '-')}`),
      ].sort(),
    );
  });
});
