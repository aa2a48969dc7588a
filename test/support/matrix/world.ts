import { randomBytes } from 'node:crypto';
import type { TestApp, TestDeveloper } from '../builders';
import type { Parley } from '../harness';
import { ok } from '../http';

/** What a tenant's data are marked with, by who may see them. */
export interface Canaries {
  /** In the developer's own data. */
  developer: string;
  /** In the app's. */
  app: string;
  /** In users' profiles, which everybody in the app may see a part of. */
  user: string;
  /** In what two of its users wrote to each other. */
  talk: string;
}

/** A developer with one online app of fixed accounts, all of it marked. */
export interface World {
  name: string;
  developer: TestDeveloper;
  app: TestApp;
  canaries: Canaries;
  /** Whatever proves something; nobody else is ever answered one of these. */
  secrets: string[];
}

/** The owner, another app of the same developer, and another developer. */
export interface Worlds {
  mine: World;
  other: World;
  rival: World;
}

const canary = (name: string, of: string): string => `canary-${name}-${of}-${randomBytes(6).toString('hex')}`;

async function aMarkedDeveloper(parley: Parley, mark: string): Promise<TestDeveloper> {
  const email = `${mark}@example.com`;
  const made = await ok(parley.api.post('/v1/developers', { email, password: `${mark}-password`, name: mark }));
  const [accountSid, authToken] = [String(made.accountSid), String(made.authToken)];
  const credential = { basic: [accountSid, authToken] as [string, string] };
  const api = parley.api.as(credential);
  await ok(api.post('/v1/developers/me/verification', { name: mark, idNumber: mark, contact: mark, note: mark }));
  return { parley, accountSid, authToken, email, credential, api };
}

/** `of`: a world of the same developer. */
export async function aWorld(parley: Parley, name: string, of?: World): Promise<World> {
  const canaries = {
    developer: of?.canaries.developer ?? canary(name, 'developer'),
    app: canary(name, 'app'),
    user: canary(name, 'user'),
    talk: canary(name, 'talk'),
  };
  const developer = of?.developer ?? (await aMarkedDeveloper(parley, canaries.developer));
  const made = await ok(
    developer.api.post('/v1/apps', {
      name: canaries.app,
      accountMode: 'fixed',
    }),
  );
  const [appId, appToken, appSecret] = [made.appId, made.appToken, made.appSecret].map(String);
  await ok(developer.api.post(`/v1/apps/${appId}/online`));
  const credential = { basic: [appId, appSecret] as [string, string] };
  const app: TestApp = {
    parley,
    developer,
    appId,
    appToken,
    appSecret,
    mode: 'fixed',
    credential,
    api: parley.api.as(credential),
  };
  const clientSecret = randomBytes(32).toString('hex');
  const huawei = { appId: '100000001', clientId: '100000001', clientSecret };
  await ok(app.api.put('/v1/push/credentials/huawei', huawei));
  return { name, developer, app, canaries, secrets: [developer.authToken, appToken, appSecret, clientSecret] };
}

export async function someWorlds(parley: Parley): Promise<Worlds> {
  const [mine, rival] = await Promise.all([aWorld(parley, 'mine'), aWorld(parley, 'rival')]);
  return { mine, rival, other: await aWorld(parley, 'other', mine) };
}

/** A user of a scene: what its owner knows. */
export interface Person {
  userId: string;
  account: string;
  password: string;
  token: string;
  sessionId: string;
}

/** Four users of a world with their logins, and what ann wrote to bob and to dave. */
export interface Scene {
  world: World;
  ann: Person;
  bob: Person;
  carol: Person;
  /** Ann's, with bob in it; private. Every world has one of this id. */
  groupId: string;
  /** Ann's room. Every world has one of this id. */
  chatroomId: string;
  /** Lives in the owner's world only; the others have everybody else under the same ids. */
  dave?: Person;
  /** Of the owner's world only: a group with dave, dave waiting to come into the other, and a room of his. */
  apart?: { groupId: string; chatroomId: string; requestId: string; invitationId: string };
}

const NAMES = ['ann', 'bob', 'carol'] as const;

async function aScene(world: World, mark: string, withDave: boolean): Promise<Scene> {
  const { api } = world.app;
  const { user, talk } = world.canaries;
  const names = withDave ? [...NAMES, 'dave' as const] : NAMES;
  const { items } = await ok<{ items: { user: { userId: string; account: string; password: string } }[] }>(
    api.post(
      '/v1/users',
      names.map((name) => ({
        userId: `${name}-${mark}`,
        nickname: `${name} ${user}`,
        avatarUrl: `https://${user}.example/`,
        profile: { about: user },
      })),
    ),
  );
  const people = await Promise.all(
    items.map(async ({ user: { userId, account, password } }): Promise<Person> => {
      const { token, sessionId } = await ok(api.post(`/v1/users/${userId}/tokens`, {}));
      return { userId, account, password, token: String(token), sessionId: String(sessionId) };
    }),
  );
  const [ann, bob, carol, dave] = people as [Person, Person, Person, Person?];
  for (const peer of dave ? [bob, dave] : [bob]) {
    await ok(
      api.post('/v1/messages', {
        from: ann.userId,
        to: { kind: 'user', id: peer.userId },
        clientMessageId: randomBytes(12).toString('hex'),
        type: 'text',
        body: { text: talk },
        ext: { about: talk },
      }),
    );
  }
  const groupId = `group-${mark}`;
  const aGroup = {
    name: talk,
    announcement: talk,
    visibility: 'private',
    owner: ann.userId,
    invitationsNeedConsent: true,
  };
  const { announcement, ...group } = aGroup;
  await ok(api.post('/v1/groups', { ...group, groupId, members: [bob.userId] }));
  await ok(api.put(`/v1/groups/${groupId}/announcement`, { text: announcement }));
  const chatroomId = `room-${mark}`;
  await aRoom(world, chatroomId, ann);
  const apart = dave && (await whatIsApart(world, groupId, group, dave));
  world.secrets.push(...people.flatMap(({ token, password }) => [token, password]));
  return { world, ann, bob, carol, groupId, chatroomId, ...(dave && { dave, apart }) };
}

/** Everybody in the app may see it, so it is marked as profiles are. */
async function aRoom(
  { app, canaries: { user } }: Pick<World, 'app' | 'canaries'>,
  chatroomId: string,
  owner: Pick<Person, 'userId'>,
) {
  const room = `/v1/chatrooms/${chatroomId}`;
  await ok(app.api.post('/v1/chatrooms', { chatroomId, name: user, description: user, owner: owner.userId }));
  await ok(app.api.put(`${room}/announcement`, { text: user }));
  await ok(app.api.put(`${room}/attributes/stage`, { value: user }));
}

async function whatIsApart({ app, canaries }: World, groupId: string, group: object, { userId, token }: Person) {
  const apart = `${groupId}-apart`;
  await ok(app.api.post('/v1/groups', { ...group, groupId: apart, members: [userId] }));
  const asDave = app.parley.api.as({ bearer: token });
  const { requestId } = await ok(asDave.post(`/v1/groups/${groupId}/join-requests`, {}));
  const { items } = await ok(app.api.post(`/v1/groups/${groupId}/invitations`, { userIds: [userId] }));
  const chatroomId = `${groupId}-room-apart`;
  await aRoom({ app, canaries }, chatroomId, { userId });
  return { groupId: apart, chatroomId, requestId: String(requestId), invitationId: String(items?.[0]?.invitationId) };
}

export interface Scenes {
  mine: Required<Scene>;
  other: Scene;
  rival: Scene;
}

/** The same people in all three worlds. `mark` tells them from those of other scenes. */
export async function someScenes({ mine, other, rival }: Worlds, mark: string): Promise<Scenes> {
  const [own, sibling, stranger] = await Promise.all([
    aScene(mine, mark, true),
    aScene(other, mark, false),
    aScene(rival, mark, false),
  ]);
  return { mine: own as Scenes['mine'], other: sibling, rival: stranger };
}
