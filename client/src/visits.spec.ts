import { settle, VirtualClock } from '../test/support/virtual-clock';
import type { Call } from './calls';
import type { ChatroomEvent, JoinedChatroom } from './catalogue';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { Visits, type RoomLeft } from './visits';

const refusal = (code: ParleyError['code']) => new ParleyError(code, code);
const busy = () => new ParleyError('BUSY', 'busy', { retryAfterMs: 50 });

/** A server with one room, as far as joining goes. */
class World {
  readonly clock = new VirtualClock();
  readonly gate = new Gate();
  readonly calls: [event: string, data: unknown][] = [];
  /** Taken from the front by each call. */
  readonly failures: (ParleyError | undefined)[] = [];
  readonly told: string[] = [];
  readonly left: RoomLeft[] = [];
  maxSeq = 4;
  userId: string | undefined = 'ann';
  readonly visits: Visits;

  constructor() {
    const call = (event: string, data: { chatroomId: string }) => {
      this.calls.push([event, data]);
      const failure = this.failures.shift();
      if (failure) return Promise.reject(failure);
      return Promise.resolve(event === 'chatroom:join' ? this.roomOf(data.chatroomId) : {});
    };
    this.visits = new Visits(
      {
        call: call as unknown as Call,
        rejoined: ({ chatroomId }) => this.told.push(`rejoined ${chatroomId}`),
        left: (room) => this.left.push(room),
        userId: () => this.userId,
      },
      {
        joined: (conversationId, maxSeq) => this.told.push(`joined ${conversationId} at ${maxSeq}`),
        left: (conversationId) => this.told.push(`left ${conversationId}`),
        putOut: (conversationId) => this.told.push(`put out of ${conversationId}`),
      },
      this.gate,
      this.clock,
    );
  }

  connect(): void {
    this.gate.open();
    this.visits.connected();
  }

  lose(): void {
    this.gate.close();
    this.visits.lost();
  }

  event(kind: ChatroomEvent['kind'], users: string[] = [], chatroomId = 'lobby'): void {
    this.visits.event({ chatroomId, kind, by: null, users });
  }

  private roomOf(chatroomId: string): JoinedChatroom {
    const conversationId = `chatroom:${chatroomId}`;
    return { chatroomId, conversationId, memberCount: 1, attributes: {}, maxSeq: this.maxSeq, visit: 7 };
  }
}

async function inLobby(): Promise<World> {
  const world = new World();
  world.connect();
  await world.visits.join('lobby');
  world.calls.length = 0;
  world.told.length = 0;
  return world;
}

describe('joining a room', () => {
  it('waits for the connection, is repeated until it is answered, and answers how the room stands', async () => {
    const world = new World();
    const joining = world.visits.join('lobby', { history: 3 });
    await settle();
    expect(world.calls).toEqual([]);
    world.failures.push(busy(), new ParleyError('TIMEOUT', 'lost', { definite: false }));
    world.connect();
    await world.clock.advance(5000);
    expect(await joining).toMatchObject({ chatroomId: 'lobby', maxSeq: 4 });
    expect(world.calls).toEqual(Array(3).fill(['chatroom:join', { chatroomId: 'lobby', history: 3 }]));
    expect(world.told).toEqual(['joined chatroom:lobby at 4']);
  });

  it('that is definitely refused rejects, and is not tried again', async () => {
    const world = new World();
    world.failures.push(refusal('BANNED'));
    world.connect();
    await expect(world.visits.join('lobby')).rejects.toMatchObject({ code: 'BANNED' });
    world.lose();
    world.connect();
    await settle();
    expect([world.calls.length, world.left, world.visits.joined]).toEqual([1, [], []]);
  });

  it('twice is one visit, and both are answered', async () => {
    const world = new World();
    const both = Promise.all([world.visits.join('lobby'), world.visits.join('lobby')]);
    world.connect();
    expect(await both).toHaveLength(2);
    expect(world.calls).toHaveLength(1);
  });
});

describe('a new connection', () => {
  it('joins every room again as the same visit, without history', async () => {
    const world = await inLobby();
    await world.visits.join('bar');
    world.calls.length = 0;
    world.told.length = 0;
    world.lose();
    world.maxSeq = 9;
    world.connect();
    await settle();
    expect(world.calls).toEqual([
      ['chatroom:join', { chatroomId: 'lobby', history: 0, visit: 7 }],
      ['chatroom:join', { chatroomId: 'bar', history: 0, visit: 7 }],
    ]);
    expect(world.told).toEqual([
      'joined chatroom:lobby at 9',
      'rejoined lobby',
      'joined chatroom:bar at 9',
      'rejoined bar',
    ]);
  });

  it.each([
    ['BANNED', 'banned'],
    ['NOT_MEMBER', 'removed'],
    ['CHATROOM_NOT_FOUND', 'closed'],
    ['CHATROOM_FULL', 'refused'],
  ] as const)('that is refused with %s tells it, and the room is forgotten', async (code, reason) => {
    const world = await inLobby();
    world.lose();
    world.failures.push(refusal(code));
    world.connect();
    await settle();
    expect(world.left).toMatchObject([
      { chatroomId: 'lobby', conversationId: 'chatroom:lobby', reason, error: { code } },
    ]);
    expect([world.told, world.visits.joined]).toEqual([['put out of chatroom:lobby'], []]);
    world.lose();
    world.connect();
    await settle();
    expect(world.calls).toHaveLength(1);
  });

  it('goes on trying while the refusal is for now, and leaves nothing running when it is lost', async () => {
    const world = await inLobby();
    world.lose();
    world.failures.push(busy(), busy());
    world.connect();
    await settle();
    world.lose();
    await world.clock.advance(60_000);
    expect([world.calls.length, world.clock.pending]).toEqual([1, 0]);
    world.connect();
    await world.clock.advance(60_000);
    expect([world.calls.length, world.visits.joined]).toEqual([3, ['lobby']]);
  });

  it('lets what is said in a room wait until it is in again', async () => {
    const world = await inLobby();
    world.lose();
    world.failures.push(busy());
    world.connect();
    let ready = false;
    const waiting = world.visits.ready('lobby').then(() => (ready = true));
    await world.clock.advance(10);
    expect(ready).toBe(false);
    await world.clock.advance(5000);
    await waiting;
    expect(world.told).toContain('rejoined lobby');
    await expect(world.visits.ready('elsewhere')).resolves.toBeUndefined();
  });

  it('that is lost again tells what waits that there is no connection', async () => {
    const world = await inLobby();
    world.lose();
    world.failures.push(busy());
    world.connect();
    const waiting = world.visits.ready('lobby');
    await settle();
    world.lose();
    await expect(waiting).rejects.toMatchObject({ code: 'NOT_CONNECTED', definite: false });
  });
});

describe('leaving a room', () => {
  it('is said until it is heard, and nothing of the room is heard meanwhile', async () => {
    const world = await inLobby();
    world.failures.push(busy());
    const leaving = world.visits.leave('lobby');
    expect([world.visits.joined, world.visits.hears('lobby')]).toEqual([[], false]);
    await world.clock.advance(5000);
    await leaving;
    expect(world.calls.map(([event]) => event)).toEqual(['chatroom:leave', 'chatroom:leave']);
    world.lose();
    world.connect();
    await settle();
    expect(world.calls).toHaveLength(2);
  });

  it('without a connection is done at once', async () => {
    const world = await inLobby();
    world.lose();
    await world.visits.leave('lobby');
    world.connect();
    await settle();
    expect(world.calls).toEqual([]);
  });

  it('and joining again come one after the other', async () => {
    const world = await inLobby();
    world.failures.push(busy());
    const leaving = world.visits.leave('lobby');
    const joining = world.visits.join('lobby', { history: 0 });
    await world.clock.advance(5000);
    await Promise.all([leaving, joining]);
    expect(world.calls.map(([event]) => event)).toEqual(['chatroom:leave', 'chatroom:leave', 'chatroom:join']);
  });
});

describe('what the server says of a room', () => {
  it.each(['removed', 'banned'] as const)('ends the visit of who is %s, of nobody else', async (kind) => {
    const world = await inLobby();
    world.event(kind, ['bob']);
    expect(world.visits.joined).toEqual(['lobby']);
    world.event(kind, ['ann']);
    expect(world.left).toEqual([{ chatroomId: 'lobby', conversationId: 'chatroom:lobby', reason: kind }]);
    expect(world.visits.joined).toEqual([]);
  });

  it('ends everybody’s visit when it closes', async () => {
    const world = await inLobby();
    world.event('closed');
    expect(world.left).toMatchObject([{ reason: 'closed' }]);
  });

  it('is asked about where it may concern a user whose id is not known', async () => {
    const world = await inLobby();
    world.userId = undefined;
    world.event('removed', ['somebody']);
    await settle();
    expect([world.calls.length, world.visits.joined]).toEqual([1, ['lobby']]);
    world.failures.push(refusal('NOT_MEMBER'));
    world.event('removed', ['somebody']);
    await settle();
    expect(world.left).toMatchObject([{ reason: 'removed' }]);
  });

  it('makes a visit where the app’s server brought the user in', async () => {
    const world = new World();
    world.connect();
    expect(world.visits.hears('lounge')).toBe(true);
    await settle();
    expect(world.calls).toEqual([['chatroom:join', { chatroomId: 'lounge' }]]);
    world.lose();
    world.connect();
    await settle();
    expect(world.calls[1]).toEqual(['chatroom:join', { chatroomId: 'lounge', history: 0, visit: 7 }]);
  });

  it('about frames that were lost makes it say where every room’s log ends', async () => {
    const world = await inLobby();
    world.maxSeq = 12;
    world.visits.check();
    await settle();
    expect(world.told).toEqual(['joined chatroom:lobby at 12']);
  });
});
