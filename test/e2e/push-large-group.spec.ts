import { randomUUID } from 'node:crypto';
import { aConnectedUser, aGroup, anApp, aSession, aUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { bindDevice } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

/** Beside the owner. */
const MEMBERS = 9_999;
/** Have read it on a screen: nobody is pushed, and nothing recorded. */
const READ = 1999;
const NO_PHONE = 500;
const MUTED = 500;
const AWAY = MEMBERS - READ;

let parley: Parley;
let worker: Parley;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley({ ROLE: 'api' });
  worker = await parley.another({ ROLE: 'worker' });
  for (const node of [parley, worker]) vendor.at(node);
});
afterAll(async () => {
  await worker?.stop();
  await parley?.stop();
});

/** A group of its owner and so many others, as their joins, their reading and their phones would have left them. */
async function aLargeGroup(app: TestApp): Promise<{ groupId: string; owner: string }> {
  const owner = await aConnectedUser(app);
  const { groupId } = await aGroup(app, [owner], { maxMembers: MEMBERS + 1, visibility: 'public' });
  owner.device.close();
  const { sql } = parley;
  const [keys] = await sql.rows<{ appPk: number; groupPk: number; conversationPk: number }>(
    `SELECT g.appPk, g.id AS groupPk, c.id AS conversationPk FROM chat_groups g
       JOIN conversations c ON c.kind = 2 AND c.lowPk = g.id WHERE g.groupId = ?`,
    [groupId],
  );
  if (!keys) throw new Error('no group');
  const { appPk, groupPk, conversationPk } = keys;
  const names = Array.from({ length: MEMBERS }, (_, n) => [appPk, `member-${n}`, 'active']);
  const { insertId: first } = await sql.run('INSERT INTO users (appPk, userId, status) VALUES ?', [names]);
  const them = "FROM users WHERE appPk = ? AND userId LIKE 'member-%'";
  await sql.run(`INSERT INTO group_members (groupPk, userPk, appPk, role) SELECT ?, id, appPk, 'member' ${them}`, [
    groupPk,
    appPk,
  ]);
  await sql.run(
    `INSERT INTO members (userPk, conversationPk, appPk, joinSeq, hearSeq, readSeq, muted)
      SELECT id, ?, appPk, 1, 1, IF(id < ?, 1000, 0), id BETWEEN ? AND ? ${them}`,
    [conversationPk, first + READ, first + READ, first + READ + MUTED - 1, appPk],
  );
  await sql.run(
    `INSERT INTO push_devices (appPk, userPk, deviceId, loginId, platform, provider, token, tokenHash, registeredAt)
      SELECT appPk, id, 'phone', 'a-login', 'ios', 'apns', userId, UNHEX(SHA2(userId, 256)), NOW(3) ${them} AND id < ?`,
    [appPk, first + MEMBERS - NO_PHONE],
  );
  await sql.run('UPDATE chat_groups SET memberCount = ? WHERE id = ?', [MEMBERS + 1, groupPk]);
  await sql.run('UPDATE conversations SET memberVersion = memberVersion + 1 WHERE id = ?', [conversationPk]);
  return { groupId, owner: owner.userId };
}

const tell = (app: TestApp, from: string, to: { kind: 'user' | 'group'; id: string }): Promise<{ id: string }> =>
  ok(app.api.post('/v1/messages', { from, to, clientMessageId: randomUUID(), type: 'text', body: { text: 'to all' } }));

const ends = (appId: string) =>
  parley.sql.rows<{ status: number; reason: string | null; users: number; n: number }>(
    `SELECT d.status, d.reason, COUNT(DISTINCT d.userPk) AS users, COUNT(*) AS n FROM push_deliveries d
      JOIN apps a ON a.id = d.appPk WHERE a.appId = ? GROUP BY d.status, d.reason ORDER BY d.status, d.reason`,
    [appId],
  );

it('a message to 10,000 with 8,000 away has 8,000 ends, and another tenant waits behind none of them', async () => {
  const [app, other] = [await anApp(parley), await anApp(parley)];
  const large = await aLargeGroup(app);
  const [ann, bob, cid] = [await aUser(other), await aSession(await aUser(other)), await aConnectedUser(other)];
  const phone = await bindDevice(bob, 'phone');
  // None of the large group's is answered before the other tenant's push and message came: had these to wait, all would.
  let letGo = (): void => undefined;
  const others = new Promise<void>((resolve) => (letGo = resolve));
  vendor.answer = async ({ target, note }) => {
    if (target.token !== phone) await others;
    return { outcome: 'sent', providerId: note.id };
  };
  await tell(app, large.owner, { kind: 'group', id: large.groupId });
  await eventually('the first of the large group', () => vendor.asked.length > 0, 60_000);
  const before = vendor.asked.length;
  const { id } = await tell(other, ann.userId, { kind: 'user', id: cid.userId });
  await tell(other, ann.userId, { kind: 'user', id: bob.user.userId });
  expect(await cid.device.next('message:new')).toMatchObject({ id });
  await eventually('the other tenant’s push', () => vendor.of(phone).length === 1, 60_000);
  expect(before).toBeLessThan(AWAY - NO_PHONE - MUTED);
  letGo();

  const sent = AWAY - NO_PHONE - MUTED;
  await eventually('every end', async () => (await ends(app.appId)).reduce((sum, { n }) => sum + n, 0) >= AWAY, 60_000);
  expect(await ends(app.appId)).toEqual([
    { status: 1, reason: null, users: sent, n: sent },
    { status: 2, reason: 'muted', users: MUTED, n: MUTED },
    { status: 2, reason: 'no-device', users: NO_PHONE, n: NO_PHONE },
  ]);
  const asked = vendor.asked.filter(({ target }) => target.token !== phone).map(({ target }) => target.token);
  expect(asked).toHaveLength(sent);
  expect(new Set(asked).size).toBe(sent);
  cid.device.close();
}, 120_000);
