import type { Admission, Audience, ConversationRef, Sender } from '../../src/modules/conversations';
import { Audiences } from '../../src/modules/conversations';
import { UserDirectory } from '../../src/modules/accounts';
import { DirectAudience } from '../../src/modules/accounts/direct.audience';
import { SystemAudience } from '../../src/modules/accounts/system.audience';
import { Sql } from '../../src/platform/database/sql';
import { anAccountsNode, type AccountsNode, type TestApp } from '../support/accounts-node';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

let database: ScratchDatabase;
let node: AccountsNode;
let direct: DirectAudience;
let system: SystemAudience;

beforeAll(async () => {
  // Nobody hears another here, so whatever ends a login waits for as long as others may still believe in it.
  database = await aScratchDatabase({ REDIS_URL: 'redis://127.0.0.1:1', REALTIME_PROOF_LEASE_MS: '100' });
  node = await anAccountsNode(database.settings);
  direct = node.use(DirectAudience);
  system = node.use(SystemAudience);
});

afterAll(async () => {
  await node.close();
  await database.drop();
});

let names = 0;
const aName = (): string => `user-${++names}`;

interface Speaker extends Sender {
  sessionId: string;
  session: { pk: number; authVersion: number; tokenIssuedAt: number };
}

/** A user of the app, logged in. */
async function aSpeaker(app: TestApp): Promise<Speaker> {
  const { body } = await node.call('POST', '/v1/sessions', {
    appId: app.appId,
    appToken: app.appToken,
    userId: aName(),
  });
  const [row] = await node
    .use(Sql)
    .rows<{ pk: number; userPk: number; authVersion: number }>(
      'SELECT s.id AS pk, s.userPk, u.authVersion FROM sessions s JOIN users u ON u.id = s.userPk WHERE s.sessionId = ?',
      [String(body.sessionId)],
    );
  if (!row) throw new Error('no session');
  const { pk, userPk, authVersion } = row;
  return {
    userPk,
    userId: String(body.userId),
    sessionId: String(body.sessionId),
    session: { pk, authVersion, tokenIssuedAt: Math.floor(Date.now() / 1000) },
  };
}

const codesOf = async (audience: Audience, admissions: Admission[]): Promise<(string | undefined)[]> =>
  (await node.use(Sql).transaction((tx) => audience.admit(tx, admissions))).map((refusal) => refusal?.code);

describe('a conversation of two', () => {
  it('is one for both sides, and is found without a promise once it is known', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, bob] = [await aSpeaker(app), await aSpeaker(app)];
    const opened = await direct.open(app.app, ann, bob.userId);
    expect(await direct.open(app.app, bob, ann.userId)).toBe(opened);
    expect(direct.open(app.app, ann, bob.userId)).toBe(opened);
    expect(direct.open(app.app, bob, ann.userId)).toBe(opened);
    expect(opened.conversationId).toBe(`user:${ann.userId}:${bob.userId}`);
    expect(direct.hearers(opened)).toEqual([ann.userPk, bob.userPk]);
    const self = await direct.open(app.app, ann, ann.userId);
    expect(direct.hearers(self)).toEqual([ann.userPk]);
  });

  it('does not exist for anybody else', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, bob, eve] = [await aSpeaker(app), await aSpeaker(app), await aSpeaker(app)];
    const conversation = await direct.open(app.app, ann, bob.userId);
    expect(await direct.window(conversation, ann.userPk)).toEqual({ from: 1 });
    expect(await direct.window(conversation, eve.userPk)).toBeUndefined();
  });

  it('with the user of the same name in another app cannot be opened', async () => {
    const [app, other] = [await node.anApp('fixed'), await node.anApp('fixed')];
    await app.call('POST', '/v1/users', { userId: 'ann' });
    await other.call('POST', '/v1/users', { userId: 'bob' });
    const ann = (await node.use(UserDirectory).find(app.app.pk, 'ann'))!;
    for (const id of ['bob', 'nobody', 'b:b', 'b\u00E9', '']) {
      await expect(async () => direct.open(app.app, ann, id)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    }
  });

  it('with a name that never logged in waits for it, and is the same once it does', async () => {
    const app = await node.anApp('arbitrary');
    const ann = await aSpeaker(app);
    const openings = await Promise.all(
      Array.from({ length: 5 }, () => Promise.resolve(direct.open(app.app, ann, 'latecomer'))),
    );
    expect(new Set(openings.map(({ pk }) => pk)).size).toBe(1);
    expect((await app.call('GET', '/v1/users/latecomer')).body).toMatchObject({ registered: false });
    await node.call('POST', '/v1/sessions', { appId: app.appId, appToken: app.appToken, userId: 'latecomer' });
    expect((await app.call('GET', '/v1/users/latecomer')).body).toMatchObject({ registered: true });
    expect(await direct.open(app.app, ann, 'latecomer')).toEqual(openings[0]);
    await expect(async () => direct.open(app.app, ann, 'gone')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    const strict = await node.anApp('arbitrary', { acceptUnknownRecipients: false });
    const bob = await aSpeaker(strict);
    await expect(async () => direct.open(strict.app, bob, 'latecomer')).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    });
  });
});

describe('under the lock', () => {
  const admission = (app: TestApp, conversation: ConversationRef, sender: Sender | null): Admission => ({
    app: app.app,
    conversation,
    sender,
  });

  it('each sender of a batch is judged as it stands now', async () => {
    const app = await node.anApp('arbitrary');
    const [good, kicked, off, gone, peer] = [
      await aSpeaker(app),
      await aSpeaker(app),
      await aSpeaker(app),
      await aSpeaker(app),
      await aSpeaker(app),
    ];
    const ask = async (sender: Sender) => admission(app, await direct.open(app.app, sender, peer.userId), sender);
    const batch = await Promise.all([good, kicked, off, gone].map(ask));
    expect(await codesOf(direct, batch)).toEqual([undefined, undefined, undefined, undefined]);
    await app.call('DELETE', `/v1/users/${kicked.userId}/sessions/${kicked.sessionId}`);
    await app.call('POST', `/v1/users/${off.userId}/deactivate`);
    await app.call('DELETE', `/v1/users/${gone.userId}`);
    expect(await codesOf(direct, batch)).toEqual([undefined, 'TOKEN_REVOKED', 'USER_DEACTIVATED', 'TOKEN_REVOKED']);
    const byTheApp = batch.map((asked) => ({ ...asked, sender: { userPk: asked.sender!.userPk, userId: 'x' } }));
    expect(await codesOf(direct, byTheApp)).toEqual([undefined, undefined, 'USER_DEACTIVATED', 'USER_NOT_FOUND']);
  });

  it('a session that outlived the end of another of its user still speaks', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, peer] = [await aSpeaker(app), await aSpeaker(app)];
    const conversation = await direct.open(app.app, ann, peer.userId);
    const second = await node.call('POST', '/v1/sessions', {
      appId: app.appId,
      appToken: app.appToken,
      userId: ann.userId,
    });
    await app.call('DELETE', `/v1/users/${ann.userId}/sessions/${String(second.body.sessionId)}`);
    expect(await codesOf(direct, [admission(app, conversation, ann)])).toEqual([undefined]);
  });

  it('the deactivated still receive, the deleted do not', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, off, gone] = [await aSpeaker(app), await aSpeaker(app), await aSpeaker(app)];
    const toOff = admission(app, await direct.open(app.app, ann, off.userId), ann);
    const toGone = admission(app, await direct.open(app.app, ann, gone.userId), ann);
    const notice = admission(app, await system.open(app.app, null, gone.userId), null);
    await app.call('POST', `/v1/users/${off.userId}/deactivate`);
    await app.call('DELETE', `/v1/users/${gone.userId}`);
    expect(await codesOf(direct, [toOff, toGone])).toEqual([undefined, 'USER_NOT_FOUND']);
    expect(await codesOf(system, [notice])).toEqual(['USER_NOT_FOUND']);
  });

  it('nobody speaks in an app that is not online, not even the app', async () => {
    const app = await node.anApp('arbitrary', {}, 'a new developer');
    const [ann, bob] = [await aSpeaker(app), await aSpeaker(app)];
    const asked = admission(app, await direct.open(app.app, ann, bob.userId), ann);
    const notice = admission(app, await system.open(app.app, null, bob.userId), null);
    expect(await codesOf(system, [notice])).toEqual([undefined]);
    await app.offline();
    expect(await codesOf(direct, [asked])).toEqual(['APP_NOT_ONLINE']);
    expect(await codesOf(system, [notice])).toEqual(['APP_NOT_ONLINE']);
    await node.use(Sql).run("UPDATE developers SET status = 'suspended' WHERE id = ?", [app.app.developerPk]);
    expect(await codesOf(direct, [asked])).toEqual(['APP_SUSPENDED']);
  });
});

describe('notices of the app', () => {
  it('are heard and read by their user alone, and answered by nobody', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, bob] = [await aSpeaker(app), await aSpeaker(app)];
    const conversation = await system.open(app.app, null, ann.userId);
    expect(conversation.conversationId).toBe(`system:${ann.userId}`);
    expect(system.hearers(conversation)).toEqual([ann.userPk]);
    expect(await system.window(conversation, bob.userPk)).toBeUndefined();
    expect(() => system.open(app.app, ann, ann.userId)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    const pages: number[][] = [];
    for await (const page of system.members(conversation)) pages.push(page);
    expect(pages).toEqual([[ann.userPk]]);
  });

  it('have their audience registered, as two users have', () => {
    expect(node.use(Audiences).of('user')).toBe(direct);
    expect(node.use(Audiences).of('system')).toBe(system);
  });
});
