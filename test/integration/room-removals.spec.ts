import { Bus } from '../../src/platform/realtime/bus';
import {
  aChatroom,
  aConnectedUser,
  anApp,
  type ConnectedUser,
  type TestApp,
  type TestChatroom,
} from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { received, removalsSeenBy, toRoom } from '../support/rooms';

describe('a user who is removed from a room on another node', () => {
  let first: Parley;
  let second: Parley;
  let app: TestApp;
  let room: TestChatroom;
  /** Both are on the second node; all calls go to the first. */
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  /** Changes that the first node has to broadcast, while they are held back. */
  let held: (() => void)[] | undefined;

  beforeAll(async () => {
    first = await startParley();
    second = await first.another();
    app = await anApp(first);
    const bus = first.app.get(Bus, { strict: false });
    const say = bus.toAll.bind(bus);
    bus.toAll = (name, frame, logged) => {
      if (held && name === 'chatroom:changed') held.push(() => say(name, frame, logged));
      else say(name, frame, logged);
    };
  });
  afterAll(async () => {
    await second?.stop();
    await first?.stop();
  });

  beforeEach(async () => {
    held = undefined;
    room = await aChatroom(app);
    [bob, carol] = [await aConnectedUser(app, { at: second }), await aConnectedUser(app, { at: second })];
    for (const { device } of [bob, carol]) await join(device);
  });
  afterEach(() => {
    for (const { device } of [bob, carol]) device.close();
  });

  const path = (what: 'bans' | 'members') => `/v1/chatrooms/${room.chatroomId}/${what}/${carol.userId}`;
  const join = (device: ConnectedUser['device']) => device.tell('chatroom:join', { chatroomId: room.chatroomId });
  const isTold = (user: ConnectedUser, kind: 'banned' | 'removed') =>
    user.device.next('chatroom:event', (event) => event.kind === kind && event.users.includes(carol.userId));
  /** Stores a message; a node delivers it only after it has applied all earlier changes. */
  const say = async (text: string): Promise<void> => {
    await ok(app.api.post('/v1/messages', toRoom(room.chatroomId, text)));
    await received(bob, room.conversationId, text);
  };
  const release = (): void => {
    const late = held ?? [];
    held = undefined;
    for (const tell of late) tell();
  };

  it('is told of a ban once and by its kind, over the bus', async () => {
    await ok(app.api.put(path('bans'), {}));
    await Promise.all([isTold(carol, 'banned'), isTold(bob, 'banned')]);
    await say('after it');
    await carol.device.tell('chatroom:leave', { chatroomId: room.chatroomId });
    expect(removalsSeenBy(carol)).toEqual(['banned']);
  });

  it('is told of a ban once and by its kind, when the node finds it in the database', async () => {
    held = [];
    await ok(app.api.put(path('bans'), {}));
    await say('after it');
    await isTold(carol, 'banned');
    release();
    await isTold(bob, 'banned');
    await carol.device.tell('chatroom:leave', { chatroomId: room.chatroomId });
    expect(removalsSeenBy(carol)).toEqual(['banned']);
  });

  it('is not told again when they have rejoined before the late broadcast arrives', async () => {
    held = [];
    await ok(app.api.delete(path('members')));
    await say('after it');
    await isTold(carol, 'removed');
    await join(carol.device);
    release();
    await isTold(bob, 'removed');
    await say('after the return');
    await received(carol, room.conversationId, 'after the return');
    expect(removalsSeenBy(carol)).toEqual(['removed']);
  });
});
