import { randomUUID } from 'node:crypto';
import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import type { Answer } from '../support/http';
import { connect, Refused } from '../support/socket';

const WORDS = ['.', '..'];

/** A client or proxy resolves these words before it sends a path, so what is called by one could never be reached. */
describe('a word of paths becomes nobody’s id', () => {
  let parley: Parley;
  let fixed: TestApp;
  let arbitrary: TestApp;
  let ann: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    fixed = await anApp(parley, { mode: 'fixed' });
    const userIdRule = { minLength: 1, maxLength: 64, forbidLeadingG: false };
    arbitrary = await anApp(parley, { settings: { userIdRule, joinCreates: true } });
    ann = await aConnectedUser(arbitrary);
  });
  afterAll(async () => {
    ann?.device.close();
    await parley?.stop();
  });

  const told = ({ status, body }: Answer) => [status, body.error?.code, body.error?.field];

  it.each(WORDS)('not a user’s (%s), however one comes to be', async (userId) => {
    const { appId, appToken } = arbitrary;
    const refused = [400, 'INVALID_REQUEST', 'userId'];
    expect(told(await fixed.api.post('/v1/users', { userId }))).toEqual(refused);
    expect(told(await arbitrary.api.post('/v1/users', { userId }))).toEqual(refused);
    expect(told(await parley.api.post('/v1/sessions', { appId, appToken, userId }))).toEqual(refused);
    const to = { kind: 'user' as const, id: userId };
    const message = { to, clientMessageId: randomUUID(), type: 'text', body: { text: 'Who are you?' } };
    expect(told(await ann.api.post('/v1/messages', message))).toEqual([404, 'USER_NOT_FOUND', 'to.id']);
    expect(await ann.device.ask('message:send', message)).toMatchObject({ error: { code: 'USER_NOT_FOUND' } });
    expect(told(await arbitrary.api.get(`/v1/users?limit=100`))[0]).toBe(200);
    const { body } = await arbitrary.api.get<{ items: { userId: string }[] }>('/v1/users?limit=100');
    expect(body.items.map((user) => user.userId)).not.toContain(userId);
  });

  it.each(WORDS)('not a group’s, a room’s or a device’s (%s)', async (id) => {
    const group = { groupId: id, name: 'A group', visibility: 'public' };
    expect(told(await ann.api.post('/v1/groups', group))).toEqual([400, 'INVALID_REQUEST', 'groupId']);
    const room = { chatroomId: id, name: 'A room' };
    expect(told(await arbitrary.api.post('/v1/chatrooms', room))).toEqual([400, 'INVALID_REQUEST', 'chatroomId']);
    const joined = await ann.device.ask('chatroom:join', { chatroomId: id });
    expect(joined).toMatchObject({ error: { code: 'INVALID_REQUEST', field: 'chatroomId' } });
    await expect(connect(parley.url, ann.token, { id })).rejects.toThrow(Refused);
  });
});
