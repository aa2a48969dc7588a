import { randomBytes } from 'node:crypto';
import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';

const MEMBERS = 400;
const textTo = (id: string, text: string, more: object = {}) => ({
  to: { kind: 'group' as const, id },
  clientMessageId: randomBytes(12).toString('hex'),
  type: 'text',
  body: { text },
  ...more,
});

describe('a group of hundreds over two nodes', () => {
  const groupId = 'hundreds';
  let parley: Parley;
  let other: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: ConnectedUser;
  let carol: ConnectedUser;
  let dave: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    other = await parley.another();
    app = await anApp(parley);
    [ann, bob, carol, dave] = await Promise.all([
      aConnectedUser(app),
      aConnectedUser(app, { at: other }),
      aConnectedUser(app, { at: other }),
      aConnectedUser(app, { at: other }),
    ]);
    const away = Array.from({ length: MEMBERS }, (_, i) => `away${i}`);
    for (let at = 0; at < MEMBERS; at += 100) {
      await ok(
        app.api.post(
          '/v1/users',
          away.slice(at, at + 100).map((userId) => ({ userId })),
        ),
      );
    }
    const members = [bob.userId, dave.userId, ...away];
    await ok(app.api.post('/v1/groups', { groupId, name: groupId, visibility: 'private', owner: ann.userId, members }));
  });
  afterAll(async () => {
    for (const { device } of [ann, bob, carol, dave]) device.close();
    await other.stop();
    await parley.stop();
  });

  const texts = ({ device }: ConnectedUser): unknown[] =>
    device
      .all('message:new')
      .filter(({ type }) => type === 'text')
      .map(({ body }) => (body as { text: string }).text);

  it('is heard on both, each message once and in order, by who was in when it was said', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => ann.device.tell('message:send', textTo(groupId, `a${i}`))));
    await ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: [carol.userId] }));
    await ann.device.tell('message:send', textTo(groupId, 'with carol'));
    await ok(app.api.delete(`/v1/groups/${groupId}/members/${dave.userId}`));
    await bob.device.tell('message:send', textTo(groupId, 'without dave'));
    await ann.device.tell('message:send', textTo(groupId, 'x'.repeat(8000), { ext: { much: 'y'.repeat(1000) } }));
    await ann.device.tell('message:send', textTo(groupId, 'end'));

    for (const { device } of [bob, carol]) {
      await device.next('message:new', ({ body }) => (body as { text?: string }).text === 'end');
    }
    await ann.device.next('message:new', ({ body }) => (body as { text?: string }).text === 'without dave');
    const early = Array.from({ length: 20 }, (_, i) => `a${i}`);
    expect(texts(bob).slice(0, 20).sort()).toEqual(early.sort());
    expect(texts(bob).slice(20)).toEqual(['with carol', 'end']);
    expect(texts(carol)).toEqual(['with carol', 'without dave', 'end']);
    expect(texts(dave).slice(20)).toEqual(['with carol']);
    const seqs = bob.device.all('message:new').map(({ seq }) => seq ?? 0);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    const [tip] = bob.device.all('conversation:tip');
    expect(tip).toEqual({ conversationId: `group:${groupId}`, maxSeq: Math.max(...seqs) - 1 });
  });
});
