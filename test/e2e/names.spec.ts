import { randomUUID } from 'node:crypto';
import { aChatroom, aGroup, PASSWORD } from '../support/builders';
import { type Answer, ok } from '../support/http';
import { aSmallWorld } from '../support/small-world';

const SAID = ' \u202Eمی\u200Cخواهم\u202C A\u200Bnn\u3000';
const anId = (): string => randomUUID().slice(0, 13);
const SHOWN = 'می\u200Cخواهم Ann';

/** Everything with a name that somebody reads: how it is named, and what it is called then. */
describe('a name that people read', () => {
  const world = aSmallWorld();

  type Named = (name: string) => Promise<Answer>;
  const group = async (): Promise<string> => (await aGroup(world.app, [world.ann])).groupId;
  const room = async (): Promise<string> => (await aChatroom(world.app)).chatroomId;
  const overTheSocket = async (name: string): Promise<Answer> => {
    const answer = await world.ann.device.ask('group:create', { name, visibility: 'public' });
    const body = ('data' in answer ? answer.data : answer) as object as Answer['body'];
    return { status: 'data' in answer ? 201 : 400, body, headers: new Headers() };
  };
  const places: Record<string, [field: string, named: Named]> = {
    'a user that is created': ['nickname', (nickname) => world.app.api.post('/v1/users', { userId: anId(), nickname })],
    'a user': ['nickname', (nickname) => world.ann.api.patch(`/v1/users/${world.ann.userId}`, { nickname })],
    'a group that is created': ['name', (name) => world.ann.api.post('/v1/groups', { name, visibility: 'public' })],
    'a group that is created over the socket': ['name', overTheSocket],
    'a group': ['name', async (name) => world.ann.api.patch(`/v1/groups/${await group()}`, { name })],
    'a member of a group': [
      'nickname',
      async (nickname) => world.ann.api.patch(`/v1/groups/${await group()}/members/${world.ann.userId}`, { nickname }),
    ],
    'a room that is created': ['name', (name) => world.app.api.post('/v1/chatrooms', { name })],
    'a room': ['name', async (name) => world.app.api.patch(`/v1/chatrooms/${await room()}`, { name })],
    'a user in pushes': ['nickname', (nickname) => world.ann.api.put('/v1/push/settings', { nickname })],
    'an app that is created': ['name', (name) => world.app.developer.api.post('/v1/apps', { name })],
    'an app': ['name', (name) => world.app.developer.api.patch(`/v1/apps/${world.app.appId}`, { name })],
    'a developer': [
      'name',
      (name) =>
        world.parley.api.post('/v1/developers', { name, password: PASSWORD, email: `${randomUUID()}@example.com` }),
    ],
  };

  it.each(Object.entries(places))('of %s is cleaned, and keeps what its script needs', async (_, [field, named]) => {
    const body: Record<string, unknown> = await ok(named(SAID));
    if (field in body) expect(body[field]).toBe(SHOWN);
    else expect(JSON.stringify(await ok(world.app.developer.api.get('/v1/apps')))).toContain(SHOWN);
  });

  it.each(Object.entries(places))(
    'of %s is refused where nothing of it is seen, or too much',
    async (_, [field, named]) => {
      for (const name of ['\u200B\u3164\u202E', 'é'.repeat(129)]) {
        expect(await named(name)).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field } } });
      }
    },
  );

  it('of one of many users who are created together is cleaned too, and refused by itself', async () => {
    const users = [SAID, '\u3164'].map((nickname) => ({ userId: anId(), nickname }));
    const { body } = await world.app.api.post('/v1/users', users);
    expect(body).toMatchObject({
      items: [{ user: { nickname: SHOWN } }, { error: { code: 'INVALID_REQUEST', field: 'nickname' } }],
    });
  });
});
