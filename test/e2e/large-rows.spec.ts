import { aChatroom, aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Call } from '../support/http';
import { upTo } from '../support/messages';

jest.setTimeout(120_000);

const COUNT = 101;
const PAGE_BYTES = 256 * 1024;
/** So much is read at most before it is asked how long rows are; and what the small columns of a hundred rows weigh. */
const READ_BYTES = 2 * 1024 * 1024 + 200 * 1024;

let parley: Parley;
let app: TestApp;
let ann: ConnectedUser;
/** What the database has answered since. */
let read = 0;

beforeAll(async () => {
  parley = await startParley({ LIMIT_CREATIONS_PER_HOUR: '1000' });
  app = await anApp(parley);
  ann = await aConnectedUser(app);
  const { sql } = parley;
  const rows = sql.rows.bind(sql);
  sql.rows = async <T>(...args: Parameters<typeof sql.rows>): Promise<T[]> => {
    const answer = await rows<T>(...args);
    read += Buffer.byteLength(JSON.stringify(answer));
    return answer;
  };
});
afterAll(async () => {
  ann?.device.close();
  await parley?.stop();
});

async function manyApps(): Promise<void> {
  for (const n of upTo(COUNT - 1)) await ok(app.developer.api.post('/v1/apps', { name: `App ${n}` }));
  const template = { language: 'en', type: 'text', body: 'b'.repeat(500), title: 't'.repeat(100) };
  const templates = Array.from({ length: 90 }, () => template);
  await parley.sql.run("UPDATE apps SET settings = ? WHERE name LIKE 'App %'", [
    JSON.stringify({ push: { templates } }),
  ]);
}

async function manyGroups(): Promise<void> {
  for (const n of upTo(COUNT)) await aGroup(app, [ann], { name: `${n}`, visibility: 'public' });
  await parley.sql.run('UPDATE chat_groups SET introduction = ?, announcement = ?, attributes = ?', [
    '好'.repeat(1000),
    '好'.repeat(4000),
    JSON.stringify({ a: 'a'.repeat(4000) }),
  ]);
}

async function manyRooms(): Promise<void> {
  for (const n of upTo(COUNT)) await aChatroom(app, { name: `${n}` });
  await parley.sql.run('UPDATE chatrooms SET description = ?, announcement = ?', ['𝒳'.repeat(500), '𝒳'.repeat(4000)]);
}

describe('a page of rows that are as long as they can be', () => {
  it.each<[string, () => Promise<void>, () => Call, () => string]>([
    ['apps', manyApps, () => app.developer.api, () => '/v1/apps'],
    ['an app’s groups', manyGroups, () => app.api, () => '/v1/groups'],
    ['the cards of groups', () => Promise.resolve(), () => ann.api, () => '/v1/groups'],
    ['a user’s groups', () => Promise.resolve(), () => ann.api, () => `/v1/users/${ann.userId}/groups`],
    ['rooms', manyRooms, () => app.api, () => '/v1/chatrooms'],
  ])('of %s reads little more than it answers, and none is left out', async (_, make, call, path) => {
    await make();
    for (const limit of [20, 100]) {
      const seen = new Set<string>();
      for (let query: string | undefined = ''; query !== undefined;) {
        read = 0;
        const page: { items: { appId?: string; groupId?: string; chatroomId?: string }[]; nextCursor?: string } =
          await ok(call().get(`${path()}?limit=${limit}${query}`));
        expect(read).toBeLessThan(READ_BYTES);
        expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(PAGE_BYTES);
        for (const { appId, groupId, chatroomId } of page.items) seen.add(String(appId ?? groupId ?? chatroomId));
        query = page.nextCursor && `&cursor=${page.nextCursor}`;
      }
      expect(seen.size).toBe(COUNT);
    }
  });
});
