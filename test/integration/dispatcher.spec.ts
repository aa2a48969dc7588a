import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import type { Socket } from 'socket.io-client';
import type { UserCaller } from '../../src/kernel/caller';
import { CLIENT_EVENTS } from '../../src/kernel/contracts/socket-events';
import { On } from '../../src/platform/realtime/on.decorator';
import { aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(60_000);

describe('the dispatcher', () => {
  let node: RealtimeNode;
  let client: Socket;
  const mark = (seq: number) => ({ conversationId: 'c', seq });

  beforeAll(async () => {
    node = await aRealtimeNode({ LIMIT_CALLS_PER_SECOND: '100000', LIMIT_CALLS_BURST: '100000' });
    client = await node.connect(1);
  });
  afterAll(() => node.close());

  it('answers a handler that answers at once, and one that answers later', async () => {
    expect(await client.emitWithAck('typing', { conversationId: 'c' })).toEqual({ ok: true, data: {} });
    expect(await client.emitWithAck('message:received', mark(1))).toEqual({ ok: true, data: {} });
  });

  it('handles an event without an acknowledgement, and answers nothing', async () => {
    const heard = hearing(client);
    client.emit('typing', { conversationId: 'unanswered' });
    await until('the handler ran', () =>
      node.gateway.heard.some((data) => (data as { conversationId: string }).conversationId === 'unanswered'),
    );
    expect(heard).toEqual([]);
  });

  it.each([
    ['no argument', []],
    ['two arguments', [{ conversationId: 'c' }, 1]],
    ['seventeen arguments', Array(17).fill({ conversationId: 'c' })],
    ['a list', [[{ conversationId: 'c' }]]],
    ['null', [null]],
    ['a string', ['{"conversationId":"c"}']],
    ['binary data', [Buffer.from('x')]],
    ['binary data inside', [{ conversationId: Buffer.from('x') }]],
    ['an unknown field', [{ conversationId: 'c', isAdmin: true }]],
    ['a wrong type', [{ conversationId: { $ne: null } }]],
    ['a trap for prototypes', [JSON.parse('{"conversationId":"c","__proto__":{"x":1}}')]],
    ['great depth', [{ conversationId: 'c', typing: JSON.parse('['.repeat(500) + ']'.repeat(500)) }]],
  ])('refuses %s with INVALID_REQUEST', async (_, args) => {
    const before = node.gateway.heard.length;
    const answer = await client.emitWithAck('typing', ...args);
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'INVALID_REQUEST', field: expect.any(String), traceId: expect.any(String) },
    });
    expect(node.gateway.heard).toHaveLength(before);
  });

  it.each(['no:such', '__proto__', 'constructor', 'error', ''])(
    'refuses the event %p with UNKNOWN_EVENT',
    async (event) => {
      expect(await client.emitWithAck(event, {})).toMatchObject({ ok: false, error: { code: 'UNKNOWN_EVENT' } });
    },
  );

  it('refuses an event whose name is a number', async () => {
    expect(await client.emitWithAck(7 as unknown as string, {})).toMatchObject({
      ok: false,
      error: { code: 'UNKNOWN_EVENT' },
    });
  });

  it("tells a handler's refusal as it is, and a bug only as INTERNAL", async () => {
    expect(await client.emitWithAck('conversation:read', mark(1))).toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN' },
    });
    for (const seq of [2, 3]) {
      const answer = await client.emitWithAck('conversation:read', mark(seq));
      expect(answer).toMatchObject({ ok: false, error: { code: 'INTERNAL', traceId: expect.any(String) } });
      expect(JSON.stringify(answer)).not.toContain('secret');
    }
    expect(await client.emitWithAck('conversation:read', mark(9))).toMatchObject({ ok: true, data: { readSeq: 9 } });
  });

  it('works on at most 64 events of a socket at once, and says BUSY to more', async () => {
    let open = (): void => undefined;
    node.gateway.held = new Promise((resolve) => (open = resolve));
    const answers = Array.from({ length: 70 }, (_, i) => client.emitWithAck('message:received', mark(i)));
    const refused = await Promise.all(answers.slice(64));
    expect(refused).toEqual(
      Array(6).fill(
        expect.objectContaining({
          ok: false,
          error: expect.objectContaining({ code: 'BUSY', retryAfterMs: expect.any(Number) }),
        }),
      ),
    );
    open();
    node.gateway.held = undefined;
    expect(await Promise.all(answers.slice(0, 64))).toEqual(Array(64).fill({ ok: true, data: {} }));
    expect(node.dispatcher.unanswered).toBe(0);
  });

  it('reads no frame of a client that was kicked', async () => {
    const loser = await node.connect(66);
    const heard = hearing(loser);
    let reason = '';
    loser.on('disconnect', (why) => (reason = why));
    node.gateway.heard.length = 0;
    loser.emit('typing', { conversationId: 'before' });
    await until('the first frame', () => node.gateway.heard.length === 1);
    node.live.kick(66, [66], 'revoked');
    loser.emit('typing', { conversationId: 'after' });
    await until('the disconnect', () => reason !== '');
    expect(heard).toEqual([['session:kicked', { reason: 'revoked' }]]);
    expect(reason).toBe('io server disconnect');
    expect(node.gateway.heard).toEqual([{ conversationId: 'before' }]);
    expect(node.connections.has(66)).toBe(false);
    expect(node.gate.released_).toHaveLength(1);
  });
});

describe('rates', () => {
  it('are limited for each user, with the time to wait', async () => {
    const node = await aRealtimeNode({ LIMIT_CALLS_PER_SECOND: '1', LIMIT_CALLS_BURST: '3' });
    const [one, other] = [await node.connect(1), await node.connect(2)];
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await one.emitWithAck('typing', { conversationId: 'c' }));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, false, false]);
    expect(answers[3].error).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: expect.any(Number),
      details: { budget: 'calls' },
    });
    expect(await other.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({ ok: true });
    await node.close();
  });

  it('stay spent when their user connects again, and on another socket', async () => {
    const node = await aRealtimeNode({ LIMIT_CALLS_PER_SECOND: '1', LIMIT_CALLS_BURST: '3' });
    const [first, second] = [await node.connect(1), await node.connect(1)];
    for (let i = 0; i < 3; i++) await first.emitWithAck('typing', { conversationId: 'c' });
    first.disconnect();
    for (const socket of [second, await node.connect(1)]) {
      expect(await socket.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({
        error: { code: 'RATE_LIMITED' },
      });
    }
    await node.close();
  });

  it('of sends are limited for each user, over all its sockets', async () => {
    const node = await aRealtimeNode({ LIMIT_USER_SENDS_PER_SECOND: '1', LIMIT_USER_SENDS_BURST: '2' });
    const [phone, laptop] = [await node.connect(1), await node.connect(1)];
    const send = { clientMessageId: 'x', body: {} };
    expect(await phone.emitWithAck('message:send', send)).toMatchObject({ ok: true });
    expect(await laptop.emitWithAck('message:send', send)).toMatchObject({ ok: true });
    expect(await phone.emitWithAck('message:send', send)).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    expect(await phone.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({ ok: true });
    await node.close();
  });
});

describe('the handshake', () => {
  let node: RealtimeNode;
  beforeAll(async () => {
    node = await aRealtimeNode({});
  });
  afterAll(() => node.close());

  it('tells why it was refused', async () => {
    await expect(node.connect(NaN)).rejects.toMatchObject({
      data: { code: 'UNAUTHENTICATED', traceId: expect.any(String) },
    });
  });

  it('keeps the reason of a failure of ours to itself', async () => {
    const error = await node.connect(0, { auth: { token: 'boom' } }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ data: { code: 'INTERNAL' } });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('refuses a page of a foreign origin, and takes one of its own', async () => {
    const ask = (origin: string) => fetch(`${node.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
    for (const origin of ['https://evil.example', 'null', `${node.url}.evil.example`, `http://127.0.0.1:1`]) {
      expect((await ask(origin)).status).toBe(403);
    }
    expect((await ask(node.url)).status).toBe(200);
  });

  it('releases a session whose client left while it was let in', async () => {
    let open = (): void => undefined;
    node.gate.closedUntil = new Promise((resolve) => (open = resolve));
    const { asked } = node.gate;
    const before = node.gate.released_.length;
    void node.connect(5, { transports: ['websocket'] }).catch(() => undefined);
    await until('it is being let in', () => node.gate.asked === asked + 1);
    for (const socket of webSockets(node)) socket.terminate();
    open();
    node.gate.closedUntil = undefined;
    await until('released', () => node.gate.released_.length === before + 1);
    expect(node.connections.has(5)).toBe(false);
  });

  it('takes nobody while the process drains, and lets answers under way out first', async () => {
    const draining = await aRealtimeNode({});
    const client = await draining.connect(1);
    const heard = hearing(client);
    let reason = '';
    client.on('disconnect', (why) => (reason = why));
    let open = (): void => undefined;
    draining.gateway.held = new Promise((resolve) => (open = resolve));
    const answer = client.emitWithAck('message:received', { conversationId: 'c', seq: 1 });
    await until('the event arrived', () => draining.dispatcher.unanswered === 1);
    const closing = draining.app.close();
    await until('told', () => heard.length === 1);
    expect(heard[0]).toEqual(['session:reconnect', { afterMs: expect.any(Number) }]);
    await expect(draining.connect(2)).rejects.toMatchObject({
      data: { code: 'BUSY', retryAfterMs: expect.any(Number) },
    });
    open();
    expect(await answer).toEqual({ ok: true, data: {} });
    await closing;
    await until('the end', () => reason !== '');
    expect(reason).toBe('transport close');
  });
});

describe('the start', () => {
  class ShapeDto {
    @IsString() conversationId!: string;
  }

  it('stops, naming each event that no module handles', async () => {
    const start = aRealtimeNode({}, {}, true);
    await expect(start).rejects.toThrow('sync:heads has no handler');
    expect(CLIENT_EVENTS).toContain('sync:heads');
  });

  it('stops when two modules handle the same event', async () => {
    @Injectable()
    class RivalGateway {
      @On('typing')
      typing(_caller: UserCaller, _data: ShapeDto) {
        return {};
      }
    }
    await expect(aRealtimeNode({}, { providers: [RivalGateway] })).rejects.toThrow(
      /typing has two handlers: .*RivalGateway/,
    );
  });

  it('stops when a handler has no shape to check', async () => {
    @Injectable()
    class ShapelessGateway {
      @On('sync')
      sync(_caller: UserCaller, _data: { userSeq: number }) {
        return {} as never;
      }
    }
    await expect(aRealtimeNode({}, { providers: [ShapelessGateway] })).rejects.toThrow('must be a DTO class');
  });
});

/** The WebSockets of a node, handshake finished or not. */
function webSockets({ dispatcher }: RealtimeNode): { terminate(): void }[] {
  const { engine } = dispatcher.server as unknown as {
    engine: { clients: Record<string, { transport: { socket?: { terminate(): void } } }> };
  };
  return Object.values(engine.clients).flatMap(({ transport }) => transport.socket ?? []);
}
