import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { Apps, TenancyModule, type App } from '../../src/modules/tenancy';
import { ConfigModule } from '../../src/platform/config/config.module';
import { Settings } from '../../src/platform/config/settings';
import { DatabaseClock } from '../../src/platform/database/database-clock';
import { Sql } from '../../src/platform/database/sql';
import { EntryModule } from '../../src/platform/entry/entry.module';
import { httpAdapter, prepareHttp } from '../../src/platform/entry/http/adapter';
import { Live } from '../../src/platform/realtime/live';
import { ProofLease } from '../../src/platform/realtime/proof-lease';
import { SecretsModule } from '../../src/platform/secrets/secrets.module';
import { QuietLive } from '../support/quiet-live';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

const OPERATOR_TOKEN = 'operator-token-of-the-tests';

@Global()
@Module({
  providers: [
    Sql,
    { provide: DatabaseClock, useValue: { now: () => Date.now() } },
    { provide: Live, useClass: QuietLive },
    { provide: ProofLease, useValue: { counts: (readAt: number) => performance.now() - readAt < 2000 } },
  ],
  exports: [Sql, DatabaseClock, Live, ProofLease],
})
class PlumbingModule {}

let database: ScratchDatabase;
let server: NestFastifyApplication;

beforeAll(async () => {
  database = await aScratchDatabase({ OPERATOR_TOKEN, LIMIT_LOGINS_BURST: '1000', LIMIT_PASSWORDS_BURST: '1000' });
  const module = await Test.createTestingModule({
    imports: [ConfigModule, SecretsModule, PlumbingModule, EntryModule, TenancyModule],
  })
    .overrideProvider(Settings)
    .useValue(database.settings)
    .setLogger(false as never)
    .compile();
  server = module.createNestApplication<NestFastifyApplication>(httpAdapter(database.settings), { bodyParser: false });
  prepareHttp(server, database.settings);
  await server.init();
});

afterAll(async () => {
  await server.get(Sql).pool.end();
  await database.drop();
});

type Verb = 'GET' | 'POST' | 'PATCH' | 'DELETE';

async function call(
  method: Verb,
  url: string,
  authorization?: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const answer = await server.inject({
    method,
    url,
    headers: { ...headers, ...(authorization && { authorization }) },
    ...(body && { payload: body }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
const operator = `Bearer ${OPERATOR_TOKEN}`;

async function aDeveloper() {
  const { body } = await call('POST', '/v1/developers', undefined, {
    email: `${randomUUID()}@example.com`,
    password: 'secret',
    name: 'Ann',
  });
  return { accountSid: body.accountSid as string, auth: basic(body.accountSid, body.authToken) };
}

describe('signing up', () => {
  it('answers the account with its token, and nothing of how it is kept', async () => {
    const email = `${randomUUID()}@example.com`;
    const { status, body } = await call('POST', '/v1/developers', undefined, {
      email,
      password: 'secret',
      name: 'Ann',
    });
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual([
      'accountSid',
      'authToken',
      'createdAt',
      'email',
      'name',
      'plan',
      'quotas',
      'status',
    ]);
    expect(body).toMatchObject({ email, status: 'unverified', plan: 'unlimited', quotas: {} });
    expect((await call('GET', '/v1/developers/me', basic(body.accountSid, body.authToken))).body).toMatchObject({
      email,
    });

    const again = await call('POST', '/v1/developers', undefined, { email, password: 'secret', name: 'Ann' });
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'ALREADY_EXISTS', field: 'email' } } });
  });

  it.each([
    ['password', { password: '12345' }],
    ['email', { email: 'nobody' }],
    ['email', { email: { toString: 'x' } }],
    ['name', { name: '   ' }],
    ['status', { status: 'verified' }],
    ['plan', { plan: 'unlimited' }],
  ])('refuses a wrong or unknown %s', async (field, wrong) => {
    const who = { email: `${randomUUID()}@example.com`, password: 'secret', name: 'Ann', ...wrong };
    expect(await call('POST', '/v1/developers', undefined, who)).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST', field } },
    });
  });
});

describe('the way to an app that runs', () => {
  it('is sign-up, verification, approval, creation, online', async () => {
    const { accountSid, auth } = await aDeveloper();
    const app = await call('POST', '/v1/apps', auth, { name: 'Chat' });
    expect(app).toMatchObject({ status: 201, body: { accountMode: 'arbitrary', status: 'offline' } });
    const { appId, appToken, appSecret } = app.body;
    const path = `/v1/apps/${appId}`;
    expect(await call('POST', `${path}/online`, auth)).toMatchObject({
      status: 403,
      body: { error: { code: 'DEVELOPER_NOT_VERIFIED' } },
    });
    const asked = await call('POST', '/v1/developers/me/verification', auth, { name: 'Ann Lee', idNumber: 'X1' });
    expect(asked).toMatchObject({ status: 200, body: { status: 'pending', verification: { name: 'Ann Lee' } } });
    expect(JSON.stringify(asked.body)).not.toContain('X1');
    expect((await call('POST', `/v1/operator/developers/${accountSid}/approve`, operator)).body.status).toBe(
      'verified',
    );
    expect(await call('POST', `${path}/online`, auth)).toMatchObject({ status: 200, body: { status: 'online' } });

    const shown = await call('GET', path, auth);
    expect(shown.body).toMatchObject({ appToken, status: 'online' });
    expect(JSON.stringify(shown.body)).not.toContain(appSecret);
    const limits = await call('GET', '/v1/limits', basic(appId, appSecret));
    expect(limits).toMatchObject({ status: 200, body: { tokenTtlSeconds: 86_400, quotas: {} } });
    expect((await call('GET', '/v1/limits')).body).not.toHaveProperty('quotas');
    expect((await call('GET', '/v1/limits', basic(appId, 'wrong'))).status).toBe(401);

    expect(await call('POST', `${path}/secrets`, auth)).toMatchObject({
      status: 201,
      body: { kid: 2, previous: { kid: 1 } },
    });
    expect((await call('DELETE', path, auth)).status).toBe(204);
    expect((await call('GET', path, auth)).body.error.code).toBe('APP_NOT_FOUND');
  });

  it('makes one app for one idempotency key, and answers its secret again', async () => {
    const { auth } = await aDeveloper();
    const key = { 'idempotency-key': randomUUID() };
    const first = await call('POST', '/v1/apps', auth, { name: 'Chat' }, key);
    expect(await call('POST', '/v1/apps', auth, { name: 'Chat' }, key)).toEqual(first);
    expect((await call('GET', '/v1/apps', auth)).body.items).toHaveLength(1);
  });
});

describe('who may not', () => {
  it('is refused: developers at the operator’s door, app servers at the developer’s, strangers at both', async () => {
    const { accountSid, auth } = await aDeveloper();
    await call('POST', `/v1/operator/developers/${accountSid}/approve`, operator);
    const { appId, appSecret } = (await call('POST', '/v1/apps', auth, { name: 'Chat' })).body;
    await call('POST', `/v1/apps/${appId}/online`, auth);
    const server = basic(appId, appSecret);
    expect((await call('POST', `/v1/operator/developers/${accountSid}/suspend`, auth)).status).toBe(403);
    expect((await call('POST', `/v1/operator/apps/${appId}/suspend`, server)).status).toBe(403);
    expect((await call('GET', '/v1/apps', server)).status).toBe(403);
    expect((await call('GET', '/v1/apps', auth, undefined, { 'x-app-id': appId })).status).toBe(403);
    expect((await call('GET', '/v1/apps')).status).toBe(401);
    expect((await call('GET', '/v1/operator/developers', 'Bearer guess')).status).toBe(401);
  });
});

describe('settings and lists', () => {
  it('refuse what is unknown, out of range or made up, naming the field', async () => {
    const { auth } = await aDeveloper();
    const { appId } = (await call('POST', '/v1/apps', auth, { name: 'Chat' })).body;
    const wrong: [string, object][] = [
      ['settings.devicePolicy.max', { settings: { devicePolicy: { max: 0 } } }],
      ['settings.devicePolicy.kind', { settings: { devicePolicy: { kind: 'two' } } }],
      ['settings.colour', { settings: { colour: 'red' } }],
      ['settings.tokenTtlSeconds', { settings: { tokenTtlSeconds: 30 * 86_400 + 1 } }],
      ['settings.callbackUrl', { settings: { callbackUrl: 'https://example.com/hook' } }],
      ['settings.textBytes', { settings: { textBytes: 1_000_000 } }],
      ['accountMode', { accountMode: 'fixed' }],
      ['status', { status: 'online' }],
    ];
    for (const [field, change] of wrong) {
      const answer = await call('PATCH', `/v1/apps/${appId}`, auth, change);
      expect({ field, ...answer }).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field } } });
    }
    for (const [field, query] of [
      ['limit', 'limit=101'],
      ['limit', 'limit=0'],
      ['cursor', 'cursor=bm9uc2Vuc2U'],
      ['page', 'page=2'],
    ]) {
      const answer = await call('GET', `/v1/apps?${query}`, auth);
      expect({ field, ...answer }).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field } } });
    }
    const changed = await call('PATCH', `/v1/apps/${appId}`, auth, { settings: { userIdRule: { minLength: 1 } } });
    expect(changed.body.settings.userIdRule).toEqual({ minLength: 1, maxLength: 64, forbidLeadingG: true });
  });

  it('let the operator page through developers and set their plan', async () => {
    const { accountSid } = await aDeveloper();
    await aDeveloper();
    const first = await call('GET', '/v1/operator/developers?limit=1', operator);
    const second = await call('GET', `/v1/operator/developers?limit=1&cursor=${first.body.nextCursor}`, operator);
    expect(second.body.items[0].accountSid).toBe(accountSid);
    const path = `/v1/operator/developers/${accountSid}`;
    const changed = await call('PATCH', path, operator, { plan: 'trial', quotas: { users: 7 } });
    expect(changed.body).toMatchObject({ plan: 'trial', quotas: { users: 7, groupMembers: 20, historyDays: 7 } });
    expect((await call('PATCH', path, operator, { plan: 'free' })).body.error.field).toBe('plan');
  });
});

describe('the login key', () => {
  it('is rotated, the old one opening until its overlap is over', async () => {
    const { auth } = await aDeveloper();
    const { appId, appToken } = (await call('POST', '/v1/apps', auth, { name: 'Chat' })).body;
    const path = `/v1/apps/${appId}/app-token`;
    const second = await call('POST', path, auth);
    expect(second).toMatchObject({ status: 201, body: { appId, previous: { expiresAt: expect.any(String) } } });
    const days = (Date.parse(second.body.previous.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(0.9);
    expect(days).toBeLessThan(1.1);
    const apps = server.get(Apps);
    const opens = async (token: string) => apps.verifyAppToken((await apps.find(appId)) as App, token);
    expect([await opens(appToken), await opens(second.body.appToken)]).toEqual([true, true]);
    expect((await call('GET', `/v1/apps/${appId}`, auth)).body.appToken).toBe(second.body.appToken);

    const third = await call('POST', path, auth, { overlapSeconds: 0 });
    expect(third.body).not.toHaveProperty('previous');
    expect(await Promise.all([appToken, second.body.appToken, third.body.appToken].map(opens))).toEqual([
      false,
      false,
      true,
    ]);
    const stranger = await aDeveloper();
    expect((await call('POST', path, stranger.auth)).body.error.code).toBe('APP_NOT_FOUND');
    expect((await call('POST', path, auth, { overlapSeconds: -1 })).body.error.field).toBe('overlapSeconds');
  });
});
