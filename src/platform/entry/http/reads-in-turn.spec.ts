import 'reflect-metadata';
import { type CanActivate, Controller, type ExecutionContext, Get, Module, Param, Post } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../../../test/support/eventually';
import type { TenantCaller } from '../../../kernel/caller';
import { Settings } from '../../config/settings';
import { ReadShares } from '../read-shares';
import type { HttpRequest } from './exchange';
import { endReadsWithAnswers, ReadsInTurn } from './reads-in-turn';

const POOL = 20;
/** Reads that came to the door. */
let arrived = 0;
const begun: string[] = [];
const ends = new Map<string, () => void>();
const work = (name: string) => {
  begun.push(name);
  return new Promise<object>((resolve) => ends.set(name, () => resolve({ name })));
};

@Controller()
class PagesController {
  @Get('pages/:name')
  read(@Param('name') name: string) {
    return work(name);
  }

  @Get('broken')
  fail() {
    throw new Error('broken');
  }

  @Post('messages')
  send() {
    return { sent: true };
  }
}

/** `authorization: user 7` or `app 1`, believed. */
class Believing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (request.url.startsWith('/pages/')) arrived++;
    const [kind, pk] = (request.headers.authorization ?? '').split(' ');
    const app = { pk: 1 };
    request.caller = (kind === 'user' ? { kind, app, userPk: Number(pk) } : { kind, app }) as TenantCaller;
    return true;
  }
}

@Module({
  controllers: [PagesController],
  providers: [
    { provide: Settings, useValue: { stores: { poolSize: POOL } } },
    ReadShares,
    { provide: APP_GUARD, useClass: Believing },
    { provide: APP_GUARD, useClass: ReadsInTurn },
  ],
})
class DoorModule {}

describe('reads at the REST door', () => {
  let nest: NestFastifyApplication;
  let url: string;
  const asked: Promise<unknown>[] = [];
  let sent = 0;
  const get = (who: string, name: string, signal?: AbortSignal) => {
    sent++;
    asked.push(
      fetch(`${url}/pages/${name}`, { headers: { authorization: who }, signal: signal ?? null })
        .then((answer) => answer.json())
        .catch(() => undefined),
    );
  };
  /** What was asked for has arrived, and there was time for whatever follows from that. */
  const settled = async (): Promise<void> => {
    await eventually('all have arrived', () => arrived >= sent);
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
  const end = async (...names: string[]): Promise<void> => {
    for (const name of names) ends.get(name)?.();
    await settled();
  };

  beforeEach(async () => {
    begun.length = arrived = sent = 0;
    ends.clear();
    nest = await NestFactory.create<NestFastifyApplication>(DoorModule, new FastifyAdapter(), { logger: false });
    endReadsWithAnswers(nest.getHttpAdapter().getInstance());
    await nest.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(nest.getHttpServer().address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (let ended = 0; ended < begun.length;) {
      const open = begun.slice(ended);
      ended = begun.length;
      await end(...open);
    }
    await Promise.all(asked.splice(0));
    nest.getHttpServer().closeAllConnections();
    await nest.close();
  });

  it('of one user are few at once, and neither another user, nor the app server, nor a send waits for them', async () => {
    for (let n = 0; n < 12; n++) get('user 1', `a${n}`);
    await settled();
    expect(begun).toHaveLength(2);
    get('user 2', 'b');
    get('app 1', 'server');
    await settled();
    expect(begun.slice(2).sort()).toEqual(['b', 'server']);
    const send = { method: 'POST', headers: { authorization: 'user 1' } };
    expect(await (await fetch(`${url}/messages`, send)).json()).toEqual({ sent: true });
    await end(begun[0]);
    expect(begun).toHaveLength(5);
  });

  it('of many users together leave connections of the database to what writes', async () => {
    for (let user = 1; user <= 10; user++) for (let n = 0; n < 4; n++) get(`user ${user}`, `${user}-${n}`);
    await settled();
    expect(begun.length).toBeLessThanOrEqual(POOL - 5);
    expect(new Set(begun.map((name) => name.split('-')[0])).size).toBeGreaterThan(3);
  });

  it('that fail give their places back', async () => {
    const headers = { authorization: 'user 1' };
    for (let n = 0; n < 5; n++) expect((await fetch(`${url}/broken`, { headers })).status).toBe(500);
    get('user 1', 'a');
    await settled();
    expect(begun).toEqual(['a']);
  });

  it('whose client has gone before their turn are not begun', async () => {
    for (let n = 0; n < 2; n++) get('user 1', `a${n}`);
    await settled();
    const leaving = new AbortController();
    get('user 1', 'gone', leaving.signal);
    await settled();
    get('user 1', 'waiting');
    await settled();
    leaving.abort();
    await settled();
    await end(...begun);
    expect(begun).toContain('waiting');
    expect(begun).not.toContain('gone');
  });
});
