import { Bus } from '../../src/platform/realtime/bus';
import { aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp, type TestGroup } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { Statements, type WatchedTransaction } from '../support/statements';
import { aText } from '../support/messages';

const MAX = 10_000;
const MANY = MAX - 10;
const FEW = 10;

describe('a group of 10,000', () => {
  let parley: Parley;
  let other: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let far: ConnectedUser;
  let guest: ConnectedUser;
  let large: TestGroup;
  let small: TestGroup;
  let here: Statements;
  let there: Statements;

  beforeAll(async () => {
    parley = await startParley();
    other = await parley.another();
    app = await anApp(parley);
    [ann, far, guest] = await Promise.all([
      aConnectedUser(app),
      aConnectedUser(app, { at: other }),
      aConnectedUser(app),
    ]);
    large = await filled(MANY);
    small = await filled(FEW);
    [here, there] = [new Statements(parley.sql), new Statements(other.sql)];
    // Both nodes know who is in from the first message on.
    for (const group of [small, large]) await heardByAll(group);
  }, 60_000);
  afterAll(async () => {
    for (const { device } of [ann, far, guest]) device.close();
    await other.stop();
    await parley.stop();
  });

  /** A group with ann and far, and so many others who are away: written as their joins would have left them. */
  async function filled(size: number): Promise<TestGroup> {
    const group = await aGroup(app, [ann, far], { maxMembers: MAX, visibility: 'public' });
    const { sql } = parley;
    const [keys] = await sql.rows<{ appPk: number; groupPk: number; conversationPk: number }>(
      `SELECT g.appPk, g.id AS groupPk, c.id AS conversationPk FROM chat_groups g
         JOIN conversations c ON c.kind = 2 AND c.lowPk = g.id WHERE g.groupId = ?`,
      [group.groupId],
    );
    if (!keys) throw new Error('no group');
    const { appPk, groupPk, conversationPk } = keys;
    const others = Array.from({ length: size - 2 }, (_, n) => [appPk, `away-${size}-${n}`, 'active']);
    const { insertId } = await sql.run('INSERT INTO users (appPk, userId, status) VALUES ?', [others]);
    const away = 'FROM users WHERE appPk = ? AND id >= ? AND userId LIKE ?';
    const whom = [appPk, insertId, `away-${size}-%`];
    await sql.run(`INSERT INTO group_members (groupPk, userPk, appPk, role) SELECT ?, id, appPk, 'member' ${away}`, [
      groupPk,
      ...whom,
    ]);
    await sql.run(
      `INSERT INTO members (userPk, conversationPk, appPk, joinSeq, hearSeq) SELECT id, ?, appPk, 1, 1 ${away}`,
      [conversationPk, ...whom],
    );
    await sql.run('UPDATE chat_groups SET memberCount = ? WHERE id = ?', [size, groupPk]);
    await sql.run('UPDATE conversations SET memberVersion = memberVersion + 1 WHERE id = ?', [conversationPk]);
    return group;
  }

  const send = async ({ groupId }: TestGroup): Promise<number> => {
    const sent = await ann.device.tell('message:send', { ...aText('', 'to all'), to: { kind: 'group', id: groupId } });
    return sent.seq ?? 0;
  };
  async function heardByAll(group: TestGroup): Promise<void> {
    const seq = await send(group);
    await far.device.next('message:new', (said) => said.conversationId === group.conversationId && said.seq === seq);
  }

  /** The same done to both groups: what it cost in each, in the transaction with a statement like this. */
  async function costs(
    act: (group: TestGroup) => Promise<unknown>,
    like: string,
  ): Promise<[few: WatchedTransaction, many: WatchedTransaction]> {
    const found: WatchedTransaction[] = [];
    for (const group of [small, large]) {
      here.forget();
      await act(group);
      found.push(here.only(like));
    }
    const [few, many] = found;
    if (!few || !many) throw new Error('nothing was done');
    return [few, many];
  }

  /** What a change locks; background work locks other rows now and then. */
  const LOCKED = 'FROM conversations WHERE id IN (?) ORDER BY id FOR UPDATE';
  const members = ({ groupId }: TestGroup): string => `/v1/groups/${groupId}/members`;
  const changes: Record<string, (group: TestGroup) => Promise<unknown>> = {
    'a join': ({ groupId }) => guest.device.tell('group:join', { groupId }),
    'a mute': ({ groupId }) => ok(ann.api.put(`/v1/groups/${groupId}/mutes/${guest.userId}`, { seconds: 1 })),
    'a leave': ({ groupId }) => guest.device.tell('group:leave', { groupId }),
    'an addition by the app': (group) => ok(app.api.post(members(group), { userIds: [guest.userId] })),
    'a removal': (group) => ok(ann.api.delete(`${members(group)}/${guest.userId}`)),
    'a change of the group': ({ groupId }) => ok(ann.api.patch(`/v1/groups/${groupId}`, { name: 'Renamed' })),
  };

  it('stores one row for a message, and writes and reads no more than in a group of ten', async () => {
    const [few, many] = await costs(send, 'INSERT INTO messages');
    expect(many.statements).toEqual(few.statements);
    expect(many.written).toBe(few.written);
    expect(many.read).toBeLessThanOrEqual(few.read + 10);
    const counted = async (): Promise<Record<string, number>> => {
      const [row] = await parley.sql.rows<Record<string, number>>(
        'SELECT (SELECT COUNT(*) FROM messages) AS messages, (SELECT COUNT(*) FROM outbox) AS outbox, (SELECT COUNT(*) FROM members) AS members',
      );
      return row ?? {};
    };
    const before = await counted();
    await send(large);
    const after = await counted();
    expect([after.messages - before.messages, after.outbox - before.outbox, after.members - before.members]).toEqual([
      1, 1, 0,
    ]);
  });

  it.each(Object.keys(changes))('takes %s at the cost that it has in a group of ten', async (name) => {
    const act = changes[name];
    if (!act) throw new Error(name);
    const [few, many] = await costs(act, LOCKED);
    expect(many.statements).toEqual(few.statements);
    expect(many.written).toBe(few.written);
    expect(many.read).toBeLessThanOrEqual(few.read + 10);
  });

  it('is not read as a whole by any node when somebody comes or goes, and everybody hears what they should', async () => {
    for (const round of [1, 2, 3]) {
      for (const node of [here, there]) node.forget();
      await guest.device.tell('group:join', { groupId: large.groupId });
      await heardByAll(large);
      const seq = await send(large);
      const said = await guest.device.next('message:new', (message) => message.seq === seq);
      expect(said.conversationId).toBe(large.conversationId);
      await guest.device.tell('group:leave', { groupId: large.groupId });
      await heardByAll(large);
      expect([round, here.largest < 100, there.largest < 100]).toEqual([round, true, true]);
    }
    const heard = guest.device.all('message:new').filter((message) => message.conversationId === large.conversationId);
    // Of each round: its joining and two messages; its own leaving it is told apart.
    expect(heard.filter(({ type }) => type === 'text')).toHaveLength(6);
  });

  it('is told on another node by its name, to who is in and to nobody who was removed or came later', async () => {
    const eve = await aConnectedUser(app, { at: other });
    const frames: number[] = [];
    const bus = parley.app.get(Bus, { strict: false });
    const toAll = bus.toAll.bind(bus);
    bus.toAll = (name, frame) => {
      frames.push(JSON.stringify(frame).length);
      toAll(name, frame);
    };
    try {
      const add = (by: Parley) => ok(by.api.as(app.credential).post(members(large), { userIds: [eve.userId] }));
      const remove = (by: Parley) => ok(by.api.as({ bearer: ann.token }).delete(`${members(large)}/${eve.userId}`));
      const expected: number[] = [];
      // Changes on both nodes, by turns: each learns of the other's from the bus, or from the next message's version.
      for (const [adding, removing] of [
        [parley, other],
        [other, parley],
        [other, other],
      ]) {
        await send(large);
        await add(adding ?? parley);
        const inside = await send(large);
        await remove(removing ?? parley);
        await send(large);
        expected.push(inside - 1, inside);
      }
      await heardByAll(large);
      await ok(app.api.post('/v1/messages', { ...aText(eve.userId, 'the last'), from: ann.userId }));
      await eve.device.next('message:new', ({ to }) => to.kind === 'user');
      const heard = eve.device
        .all('message:new')
        .flatMap(({ seq = 0, conversationId }) => (conversationId === large.conversationId ? [seq] : []));
      expect(heard).toEqual(expected);
      expect(frames.length).toBeGreaterThan(10);
      expect(Math.max(...frames)).toBeLessThan(2048);
    } finally {
      bus.toAll = toAll;
      eve.device.close();
    }
  });
});
