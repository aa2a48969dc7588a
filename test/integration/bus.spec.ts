import { Redis } from 'ioredis';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { startRedis } from '../../scripts/lib/redis.mjs';
import type { PrivateServer } from '../../scripts/lib/service.mjs';
import type { ServerEvents } from '../../src/kernel/contracts/socket-events';
import { Bus } from '../../src/platform/realtime/bus';
import type { PresenceChange } from '../../src/platform/realtime/connections';
import { Live } from '../../src/platform/realtime/live';
import { APP_PK, aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(120_000);

const busOf = ({ app }: RealtimeNode): Bus => app.get(Bus);
const hinted = (heard: [string, unknown][]): boolean =>
  heard.some(([event, data]) => event === 'sync:hint' && (data as { reason: string }).reason === 'bus');

describe('two nodes and a bus', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-bus-'));
  let redis: PrivateServer;
  let outsider: Redis;
  let a: RealtimeNode;
  let b: RealtimeNode;

  const say = (node: RealtimeNode, userPks: number[], n: number): void => {
    const data: ServerEvents['receipt'] = { conversationId: 'c', userId: 'u', kind: 'read', seq: n };
    node.live.toUsers(APP_PK, userPks, 'receipt', data);
  };
  const met = async (): Promise<void> => {
    await until('both nodes know each other', () =>
      [a, b].every((node) => busOf(node).healthy && busOf(node).peers.length === 1),
    );
  };
  /** A frame said over there arrives here; frames said while routes are not written yet may be lost, by design. */
  const reaches = async (from: RealtimeNode, userPk: number, heard: [string, unknown][], n: number): Promise<void> => {
    await until(`frame ${n} arrives`, () => {
      say(from, [userPk], n);
      return heard.some(([event, data]) => event === 'receipt' && (data as { seq: number }).seq === n);
    });
  };

  beforeAll(async () => {
    redis = await startRedis({ dir, durable: false });
    outsider = new Redis(redis.url, { maxRetriesPerRequest: null });
    outsider.on('error', () => undefined);
    a = await aRealtimeNode({ REDIS_URL: redis.url });
    b = await aRealtimeNode({ REDIS_URL: redis.url });
    await met();
  });
  afterAll(async () => {
    await a.close();
    await b.close();
    outsider.disconnect();
    await redis.stop();
    rmSync(dir, { recursive: true });
  });

  it('carry an event to the user on the other node, once, in order, and not to the excepted socket', async () => {
    const there = await b.connect(10);
    const excepted = await b.connect(10);
    const heard = hearing(there);
    const unheard = hearing(excepted);
    await reaches(a, 10, heard, 0);
    heard.length = unheard.length = 0;
    for (let n = 1; n <= 500; n++) {
      a.live.toUsers(
        APP_PK,
        [10],
        'receipt',
        { conversationId: 'c', userId: 'u', kind: 'read', seq: n },
        { exceptSocketId: excepted.id ?? '' },
      );
    }
    await until('all arrived', () => heard.some(([, data]) => (data as { seq: number }).seq === 500));
    expect(heard.map(([, data]) => (data as { seq: number }).seq).filter((seq) => seq > 0)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
    expect(unheard.filter(([, data]) => (data as { seq: number }).seq > 0)).toEqual([]);
    there.disconnect();
    excepted.disconnect();
  });

  it('carry it to a user on both nodes, and to a crowd of whom only one is there', async () => {
    const sockets = [await a.connect(11), await b.connect(11)];
    const heard = sockets.map(hearing);
    await reaches(a, 11, heard[1], 0);
    await reaches(b, 11, heard[0], 1);
    a.live.toUsers(
      APP_PK,
      Array.from({ length: 1000 }, (_, i) => 11 + i),
      'receipt',
      { conversationId: 'c', userId: 'u', kind: 'read', seq: 77 },
    );
    await until('the crowd was told', () =>
      heard.every((each) => each.some(([, data]) => (data as { seq: number }).seq === 77)),
    );
    sockets.forEach((socket) => socket.disconnect());
  });

  it('never carry it to a user of another app', async () => {
    const there = await b.connect(12);
    const heard = hearing(there);
    await reaches(a, 12, heard, 0);
    a.live.toUsers(APP_PK + 1, [12], 'receipt', { conversationId: 'c', userId: 'u', kind: 'read', seq: 666 });
    await reaches(a, 12, heard, 1);
    expect(JSON.stringify(heard)).not.toContain('666');
    there.disconnect();
  });

  it('kick a session wherever it is, tell why, and spare the connection that is newer', async () => {
    const old = await b.connect(13);
    const heard = hearing(old);
    let reason = '';
    old.on('disconnect', (why) => (reason = why));
    a.live.kick(13, [13], 'multi-login', { byPlatform: 'ios', before: 2 });
    await until('the disconnect', () => reason !== '');
    expect(heard).toEqual([['session:kicked', { reason: 'multi-login', byPlatform: 'ios' }]]);
    expect(reason).toBe('io server disconnect');
    const next = await b.connect(13);
    a.live.kick(13, [13], 'replaced', { before: 2 });
    await reaches(a, 13, hearing(next), 1);
    expect(next.connected).toBe(true);
    next.disconnect();
  });

  it('kick a socket that was still on its way in when its session ended', async () => {
    const watcher = await b.connect(17);
    let open = (): void => undefined;
    b.gate.closedUntil = new Promise((resolve) => (open = resolve));
    const asked = b.gate.asked;
    const coming = io(b.url, { auth: { token: '26' }, forceNew: true, reconnection: false });
    const heard = hearing(coming);
    let reason = '';
    coming.on('disconnect', (why) => (reason = why));
    await until('it is at the gate', () => b.gate.asked > asked);
    a.live.kick(26, [26], 'revoked');
    await reaches(a, 17, hearing(watcher), 1);
    b.gate.closedUntil = undefined;
    open();
    await until('it is out again', () => reason !== '');
    expect(heard).toEqual([['session:kicked', { reason: 'revoked' }]]);
    expect(b.connections.has(26)).toBe(false);
    watcher.disconnect();
  });

  it('forget on every node, on the own one before the call returns', async () => {
    const forgotten: string[] = [];
    a.app.get(Live).onForget('user', (_, pk) => void forgotten.push(`a${pk}`));
    b.app.get(Live).onForget('user', (_, pk) => void forgotten.push(`b${pk}`));
    a.live.forget({ cache: 'user', appPk: APP_PK, pk: 9 });
    expect(forgotten).toEqual(['a9']);
    await until('forgotten there', () => forgotten.length === 2);
    expect(forgotten).toEqual(['a9', 'b9']);
  });

  it('know who is online, and show nothing when a user moves from one to the other', async () => {
    const changes: Record<string, PresenceChange[]> = { a: [], b: [] };
    a.live.onPresence((change) => void (change.userPk === 14 && changes.a?.push(change)));
    b.live.onPresence((change) => void (change.userPk === 14 && changes.b?.push(change)));
    const first = await a.connect(14);
    await until('b heard', () => changes.b?.length === 1);
    expect(await b.live.online(APP_PK, [14, 15])).toEqual(new Set([14]));
    await until('counted', async () => (await b.live.onlineCount(APP_PK)).online === 1);
    expect(await b.live.onlineCount(APP_PK)).toEqual({ online: 1, exact: true });
    const second = await b.connect(14);
    first.disconnect();
    await until('gone from a', () => !a.connections.has(14));
    await until('routes agree', async () => (await outsider.hkeys('parley:at:14')).length === 1);
    expect(await a.live.online(APP_PK, [14])).toEqual(new Set([14]));
    second.disconnect();
    await until('both heard the end', () => [changes.a, changes.b].every((list) => list?.at(-1)?.online === false));
    expect(changes.a?.map(({ online }) => online)).toEqual([true, false]);
    expect(changes.b?.map(({ online }) => online)).toEqual([true, false]);
    await until('uncounted', async () => (await a.live.onlineCount(APP_PK)).online === 0);
  });

  it('know which devices somebody looks at, wherever they are', async () => {
    const as = (id: string) => ({ auth: { token: '15', device: { id } } });
    const phone = await a.connect(15, as('phone'));
    const laptop = await b.connect(15, as('laptop'));
    const told = async (node: RealtimeNode): Promise<string[]> =>
      ((await node.live.devices(APP_PK, [15, 16])).get(15) ?? []).map(({ deviceId, state }) => `${deviceId} ${state}`);
    const both = (...states: string[]) =>
      until(`both nodes say ${states.join()}`, async () =>
        [await told(a), await told(b)].every((each) => each.sort().join() === states.join()),
      );
    await both('laptop foreground', 'phone foreground');
    const set = (node: RealtimeNode, state: 'foreground' | 'background'): void => {
      for (const connection of node.connections.ofUser(15)) node.connections.setState(connection, state);
    };
    set(a, 'background');
    await both('laptop foreground', 'phone background');
    // A second device of the same node, and the first one gone again.
    const tablet = await a.connect(15, as('tablet'));
    await both('laptop foreground', 'phone background', 'tablet foreground');
    phone.disconnect();
    await both('laptop foreground', 'tablet foreground');
    await outsider.flushall();
    await both('laptop foreground', 'tablet foreground');
    laptop.disconnect();
    set(a, 'background');
    await both('tablet background');
    tablet.disconnect();
    await until('nobody', async () => (await b.live.devices(APP_PK, [15])).size === 0);
    expect(await a.live.devices(APP_PK + 1, [15])).toEqual(new Map());
  });

  it('believe nobody else on the same Redis', async () => {
    const victim = await b.connect(16);
    const heard = hearing(victim);
    const batch = `["stranger",1,[["kick",{"userPk":16,"sessionPks":[16],"reason":"revoked"}]]]`;
    await outsider.publish('parley:bus:all', batch);
    await outsider.publish('parley:bus:all', 'A'.repeat(22) + batch);
    await outsider.publish(`parley:bus:${busOf(b).nodeId}`, '');
    await reaches(a, 16, heard, 1);
    expect(victim.connected).toBe(true);
    victim.disconnect();
  });

  it('find a publish that was swallowed, and tell the clients who may have missed it', async () => {
    const there = await b.connect(17);
    const heard = hearing(there);
    await reaches(a, 17, heard, 1);
    const { redis: commands } = busOf(a);
    const publish = commands.publish.bind(commands);
    let swallowed = 0;
    commands.publish = (channel: string, text: string) => {
      if (!text.includes('4711')) return publish(channel, text);
      swallowed++;
      return Promise.resolve(0);
    };
    say(a, [17], 4711);
    await until('swallowed', () => swallowed === 1);
    commands.publish = publish;
    await until('the hint', () => hinted(heard));
    expect(JSON.stringify(heard)).not.toContain('4711');
    there.disconnect();
  });

  it('find their users again when Redis was emptied', async () => {
    const there = await b.connect(18);
    const heard = hearing(there);
    await reaches(a, 18, heard, 1);
    await outsider.flushall();
    await until('the hint', () => hinted(heard));
    await reaches(a, 18, heard, 2);
    expect(await a.live.online(APP_PK, [18])).toEqual(new Set([18]));
    there.disconnect();
  });

  it('serve their own users while Redis is dead, say so, and hint when it is back', async () => {
    const here = await a.connect(19);
    const there = await b.connect(20);
    const [heardHere, heardThere] = [hearing(here), hearing(there)];
    await redis.kill();
    await until('both noticed', () => !busOf(a).healthy && !busOf(b).healthy);
    say(a, [19, 20], 1);
    await until('delivered here', () => heardHere.length === 1);
    expect(await here.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({ ok: true });
    expect(await a.live.onlineCount(APP_PK)).toEqual({ online: 1, exact: false });
    // Whom nobody can ask for counts as away.
    expect([...(await a.live.devices(APP_PK, [19, 20])).keys()]).toEqual([19]);
    const newcomer = await a.connect(21);
    await redis.start();
    await met();
    await until('hinted', () => hinted(heardThere) && hinted(heardHere));
    await reaches(b, 21, hearing(newcomer), 2);
    [here, there, newcomer].forEach((socket: Socket) => socket.disconnect());
  });

  it('start without Redis, and use it once it is there', async () => {
    await redis.stop();
    const early = await aRealtimeNode({ REDIS_URL: redis.url });
    const client = await early.connect(22);
    const heard = hearing(client);
    say(early, [22], 1);
    await until('served', () => heard.length === 1);
    expect(busOf(early).healthy).toBe(false);
    await redis.start();
    await until('three nodes', () => busOf(a).peers.length === 2);
    await reaches(a, 22, heard, 2);
    await early.close();
    await until('it said goodbye', () => busOf(a).peers.length === 1);
  });
});
