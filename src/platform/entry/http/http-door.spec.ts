import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Param, Post, Put, Query } from '@nestjs/common';
import { DiscoveryModule, NestFactory, APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsInt, IsOptional, IsString, Max } from 'class-validator';
import { AppError } from '../../../kernel/errors/app-error';
import type { Caller } from '../../../kernel/caller';
import { readSettings } from '../../config/read-settings';
import { Settings } from '../../config/settings';
import type { Sql } from '../../database/sql';
import { Allow } from '../allow.decorator';
import { CallDeadlines } from '../call-deadlines';
import { Credentials } from '../credentials';
import { RateLimiter } from '../rate-limiter';
import { ReadShares } from '../read-shares';
import { CurrentCaller } from '../current-caller.decorator';
import { httpAdapter, prepareHttp } from './adapter';
import { CallerGuard } from './caller.guard';
import { ErrorFilter } from './error.filter';
import { ReadsInTurn } from './reads-in-turn';
import { Rate, StatusFrom } from './route-marks';
import { RoutePolicies } from './route-policy';
import { ShapePipe } from './shape.pipe';

const settings = readSettings({
  MYSQL_URL: 'mysql://localhost/x',
  REDIS_URL: 'redis://localhost',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  LIMIT_FRAME_BYTES: '2048',
  MYSQL_TIMEOUT_MS: '500',
  LIMIT_CALLS_BURST: '5',
  LIMIT_CALLS_PER_SECOND: '1',
  CORS_ORIGINS: 'https://good.example',
});

/** How slow it is. */
const database = { slowestMs: 0 };

class ThingDto {
  @IsString() name!: string;
}
class ThingQuery {
  @IsOptional() @IsInt() @Max(9) limit?: number;
}

@Controller('v1/things')
class ThingsController {
  @Post()
  @Allow('app')
  @Rate('sends')
  @StatusFrom((thing: { duplicate?: true }) => (thing.duplicate ? 200 : 201))
  make(@CurrentCaller() caller: Caller, @Body() { name }: ThingDto) {
    return { name, by: caller.kind, ...(name === 'again' && { duplicate: true }) };
  }

  @Get()
  @Allow('app')
  list(@Query() query: ThingQuery) {
    return query;
  }

  @Put('named/:thing')
  @Allow('app')
  @Rate('none')
  put(@Param('thing') thing: string) {
    return { thing };
  }

  @Get('slow/:end')
  @Allow('app')
  @Rate('none')
  async slow(@Param('end') end: string) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (end === 'breaks') throw new TypeError('secret internals');
    return { end };
  }

  @Get('open')
  @Allow('anyone')
  @Rate('none')
  open() {
    return { open: true };
  }

  @Get('developers')
  @Allow('developer')
  @HttpCode(200)
  developers() {
    return {};
  }

  @Get('away')
  @Allow('anyone')
  @Rate('none')
  away() {
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:3306'), { code: 'ECONNREFUSED' });
  }

  @Get('broken')
  @Allow('anyone')
  @Rate('none')
  broken() {
    throw new TypeError('secret internals');
  }
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const app1 = basic('app1:secret');

async function boot(controllers: (new () => object)[]): Promise<NestFastifyApplication> {
  const credentials = new Credentials();
  credentials.register({
    scheme: 'basic',
    verify: (credential) => {
      const pk = Number(/^app([12]):secret$/.exec(credential)?.[1]);
      if (pk) return Promise.resolve({ kind: 'app', app: { pk, appId: `app${pk}`, version: 1 } });
      if (credential.startsWith('app1:')) return Promise.reject(new AppError('BAD_CREDENTIALS'));
      return Promise.resolve(undefined);
    },
  });
  @Module({
    imports: [DiscoveryModule],
    controllers,
    providers: [
      { provide: Settings, useValue: settings },
      { provide: Credentials, useValue: credentials },
      RateLimiter,
      ReadShares,
      { provide: CallDeadlines, useValue: new CallDeadlines(settings, database as Sql) },
      RoutePolicies,
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: APP_GUARD, useClass: ReadsInTurn },
      { provide: APP_PIPE, useClass: ShapePipe },
      { provide: APP_FILTER, useClass: ErrorFilter },
    ],
  })
  class DoorModule {}
  const nest = await NestFactory.create<NestFastifyApplication>(DoorModule, httpAdapter(settings), {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  prepareHttp(nest, settings);
  await nest.init();
  await nest.getHttpAdapter().getInstance().ready();
  return nest;
}

describe('the HTTP door', () => {
  let nest: NestFastifyApplication;
  beforeAll(async () => {
    nest = await boot([ThingsController]);
  });
  afterAll(() => nest.close());

  type Call = { method?: 'GET' | 'POST'; url?: string; headers?: Record<string, string>; payload?: string | object };
  const call = async ({ method = 'GET', url = '/v1/things', ...rest }: Call) => {
    const { statusCode, body, headers } = await nest.inject({ method, url, ...rest });
    return { status: statusCode, headers, body: body === '' ? undefined : JSON.parse(body) };
  };
  const post = (payload: string | object, headers: Record<string, string> = {}) =>
    call({ method: 'POST', payload, headers: { ...app1, 'content-type': 'application/json', ...headers } });

  it('hands the proved caller and the checked body to the route', async () => {
    expect(await post({ name: 'x' })).toMatchObject({ status: 201, body: { name: 'x', by: 'app' } });
  });

  it('answers with the status that the route derives from its answer', async () => {
    expect((await post({ name: 'again' })).status).toBe(200);
  });

  it.each<[string, Call, number, string, string?]>([
    ['no credential', {}, 401, 'UNAUTHENTICATED', 'authorization'],
    ['a credential that nobody knows', { headers: basic('who:x') }, 401, 'UNAUTHENTICATED', 'authorization'],
    ['a wrong secret', { headers: basic('app1:x') }, 401, 'BAD_CREDENTIALS', 'authorization'],
    [
      'a credential in no known scheme',
      { headers: { authorization: 'Digest abc' } },
      401,
      'BAD_CREDENTIALS',
      'authorization',
    ],
    ['Basic without a colon', { headers: basic('app1') }, 401, 'BAD_CREDENTIALS', 'authorization'],
    ['Basic that is not base64', { headers: { authorization: 'Basic ö' } }, 401, 'BAD_CREDENTIALS', 'authorization'],
    ['the wrong kind of caller', { url: '/v1/things/developers', headers: app1 }, 403, 'FORBIDDEN'],
    ['a path that does not exist', { url: '/v1/nothing' }, 404, 'ROUTE_NOT_FOUND'],
    ['a path in the wrong case', { url: '/v1/THINGS/open' }, 404, 'ROUTE_NOT_FOUND'],
    ['a path that cannot be decoded', { url: '/v1/%zz' }, 400, 'INVALID_REQUEST', 'path'],
    ['a parameter that is too long', { url: `/v1/${'x'.repeat(5000)}` }, 404, 'ROUTE_NOT_FOUND'],
    ['a key given twice', { url: '/v1/things?limit=1&limit=2', headers: app1 }, 400, 'INVALID_REQUEST', 'limit'],
    ['__proto__ in the query', { url: '/v1/things/open?__proto__=1' }, 400, 'INVALID_REQUEST', '__proto__'],
    ['too large a number in the query', { url: '/v1/things?limit=10', headers: app1 }, 400, 'INVALID_REQUEST', 'limit'],
    ['a database that is away', { url: '/v1/things/away' }, 503, 'RETRY'],
    ['a fault of our own', { url: '/v1/things/broken' }, 500, 'INTERNAL'],
  ])('answers %s in its own words', async (...[, request, status, code, field]) => {
    const { status: got, body, headers } = await call(request);
    expect({ status: got, code: body.error.code, field: body.error.field }).toEqual({ status, code, field });
    expect(body.error.traceId).toMatch(/^[\da-f]{32}$/);
    expect(headers['x-trace-id']).toBe(body.error.traceId);
    expect(JSON.stringify(body)).not.toMatch(/secret internals|10\.0\.0\.7/);
  });

  it.each<[string, string | object, Record<string, string>, number, string, string]>([
    ['an unknown field', { name: 'x', role: 'admin' }, {}, 400, 'INVALID_REQUEST', 'role'],
    ['JSON that is none', '{"name":', {}, 400, 'INVALID_REQUEST', 'body'],
    ['no body where a field is needed', '', {}, 400, 'INVALID_REQUEST', 'name'],
    ['a body that is no object', '[1]', {}, 400, 'INVALID_REQUEST', 'body'],
    ['a planted __proto__', '{"name":"x","__proto__":{"admin":true}}', {}, 400, 'INVALID_REQUEST', 'body'],
    ['a body past the limit', { name: 'x'.repeat(3000) }, {}, 413, 'TOO_LARGE', 'body'],
    [
      'a form',
      'name=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      400,
      'INVALID_REQUEST',
      'content-type',
    ],
    ['plain text', 'name', { 'content-type': 'text/plain' }, 400, 'INVALID_REQUEST', 'content-type'],
  ])('refuses %s', async (_, payload, headers, status, code, field) => {
    const { status: got, body } = await post(payload, headers);
    expect({ status: got, code: body.error.code, field: body.error.field }).toEqual({ status, code, field });
  });

  it.each<[string, Call, number]>([
    ['nobody', {}, 401],
    ['a path that does not exist', { url: '/v1/nothing', headers: app1 }, 404],
    ['a wrong secret', { headers: basic('app1:wrong') }, 401],
  ])(
    'does not read the body of %s: to know that is cheap, to read JSON is not',
    async (_, { url, headers }, status) => {
      const parse = jest.spyOn(JSON, 'parse');
      const { statusCode } = await nest.inject({
        method: 'POST',
        url: url ?? '/v1/things',
        headers: { ...headers, 'content-type': 'application/json' },
        payload: '{"never":"read"',
      });
      const read = parse.mock.calls.some(([text]) => text.includes('never'));
      parse.mockRestore();
      expect({ statusCode, read }).toEqual({ statusCode: status, read: false });
    },
  );

  it('says that a compressed body is not taken', async () => {
    const { status, body } = await post('not JSON at all', { 'content-encoding': 'gzip' });
    expect({ status, field: body.error.field }).toEqual({ status: 415, field: 'content-encoding' });
  });

  it.each([
    ['nothing', undefined],
    ['a text of no length', ''],
  ])('takes a call with a content type and %s as one without a body', async (_, payload) => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', '']) {
      const headers = { ...app1, 'content-type': type };
      const { statusCode } = await nest.inject({ method: 'PUT', url: '/v1/things/named/door', headers, payload });
      expect({ type, statusCode }).toEqual({ type, statusCode: 200 });
    }
  });

  it.each<[string, Buffer, string, number, string | undefined]>([
    ['UTF-8', Buffer.from('{"name":"é 中 😀"}'), '; charset=utf-8', 201, undefined],
    ['UTF-8 that is named in capitals and quotes', Buffer.from('{"name":"x"}'), '; Charset="UTF-8"', 201, undefined],
    ['UTF-8 after a byte order mark', Buffer.from('\ufeff{"name":"x"}'), '', 201, undefined],
    ['Latin-1', Buffer.from('{"name":"é"}', 'latin1'), '', 400, 'body'],
    ['a character that is cut off', Buffer.from('{"name":"é"}').subarray(0, 10), '', 400, 'body'],
    [
      'half a surrogate pair',
      Buffer.from([...Buffer.from('{"name":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
      '',
      400,
      'body',
    ],
    ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le'), '', 400, 'body'],
    ['another charset by name', Buffer.from('{"name":"x"}'), '; charset=gb18030', 415, 'content-type'],
    ['two charsets', Buffer.from('{"name":"x"}'), '; charset=utf-8; charset=latin1', 415, 'content-type'],
  ])('a body in %s is read as it is, or refused', async (_, payload, charset, status, field) => {
    const headers = { ...app1, 'content-type': `application/json${charset}` };
    const answer = await nest.inject({ method: 'POST', url: '/v1/things', headers, payload });
    const body = JSON.parse(answer.body);
    expect({ status: answer.statusCode, field: body.error?.field }).toEqual({ status, field });
    if (status < 400) expect(payload.toString()).toContain(body.name);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    'answers %s to a path that takes other methods with 405 and those',
    async (method) => {
      const answer = await nest.inject({ method: method as 'PUT', url: '/v1/things/open?x=1' });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD');
      expect(JSON.parse(answer.body).error.code).toBe('METHOD_NOT_ALLOWED');
      expect((await nest.inject({ method: method as 'PUT', url: '/v1/nothing/open' })).statusCode).toBe(404);
    },
  );

  it('answers OPTIONS without a page behind it as what a page may do', async () => {
    const { statusCode, headers } = await nest.inject({ method: 'OPTIONS', url: '/v1/things' });
    expect(statusCode).toBe(204);
    expect(headers['access-control-allow-methods']).toContain('PATCH');
  });

  it('tells a caller that calls too often how long to wait', async () => {
    // Nobody else calls as this app.
    const app2 = basic('app2:secret');
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await call({ headers: app2 })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    const { body, headers } = await call({ headers: app2 });
    expect(body.error.code).toBe('RATE_LIMITED');
    expect(body.error.retryAfterMs).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  it('ends every call in time while the database is slow, once, whatever becomes of it', async () => {
    database.slowestMs = 300;
    const began = performance.now();
    const answers = await Promise.all(
      ['well', 'breaks'].map((end) => call({ url: `/v1/things/slow/${end}`, headers: app1 })),
    );
    expect(performance.now() - began).toBeLessThan(950);
    for (const { status, body, headers } of answers) {
      expect([status, body.error.code, headers['retry-after']]).toEqual([503, 'RETRY', '1']);
    }
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await call({ url: '/v1/things/open' })).status).toBe(200);
  });

  it('waits for as long as a call takes while the database is quick', async () => {
    database.slowestMs = 0;
    expect(await call({ url: '/v1/things/slow/well', headers: app1 })).toMatchObject({
      status: 200,
      body: { end: 'well' },
    });
    expect((await call({ url: '/v1/things/slow/breaks', headers: app1 })).status).toBe(500);
  });

  it('carries on the trace of a caller that has one', async () => {
    const trace = 'a'.repeat(32);
    const { headers } = await call({
      url: '/v1/things/open',
      headers: { traceparent: `00-${trace}-${'b'.repeat(16)}-01` },
    });
    expect(headers['x-trace-id']).toBe(trace);
  });

  it('lets only the listed origins read answers', async () => {
    const from = async (origin: string) =>
      (await call({ url: '/v1/things/open', headers: { origin } })).headers['access-control-allow-origin'];
    expect(await from('https://good.example')).toBe('https://good.example');
    expect(await from('https://good.example.evil.com')).toBeUndefined();
    expect(await from('null')).toBeUndefined();
  });

  it('forbids sniffing, framing and caching on every answer', async () => {
    const { headers } = await call({ url: '/v1/nothing' });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    });
  });
});

describe('a route that was forgotten', () => {
  it('keeps the process from starting, by name', async () => {
    @Controller('v1/forgotten')
    class ForgottenController {
      @Get()
      peek() {
        return 1;
      }

      @Post()
      @Allow('app')
      write(@Body() body: object) {
        return body;
      }
    }
    await expect(boot([ForgottenController])).rejects.toThrow(
      /ForgottenController.peek does not say.*ForgottenController.write: argument 1/s,
    );
  });
});
