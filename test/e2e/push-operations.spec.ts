import { randomUUID } from 'node:crypto';
import { anApp, aSession, aUser, operator } from '../support/builders';
import { eventually } from '../support/eventually';
import { OPERATOR_TOKEN, type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { bindDevice } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

let parley: Parley;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley();
  vendor.at(parley);
});
afterAll(() => parley?.stop());

describe('the queues’ dashboard', () => {
  const look = async (path: string, authorization?: string) => {
    const answer = await fetch(`${parley.url}/operator/queues${path}`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  const basic = (password: string): string => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;

  it.each(['', '/', '/api/queues', '/static/nothing.js'])(
    'shows nobody anything without the token: %s',
    async (path) => {
      for (const wrong of [undefined, 'Bearer nothing', basic('nothing'), 'Basic e30=']) {
        const { status, text, headers } = await look(path, wrong);
        expect([status, text]).toEqual([401, 'The operator’s token, please.']);
        expect(headers.get('www-authenticate')).toContain('Basic');
      }
    },
  );

  it('shows the operator every queue, to look and not to touch', async () => {
    const page = await look('/', basic(OPERATOR_TOKEN));
    expect([page.status, page.text.includes('Parley')]).toEqual([200, true]);
    const { queues } = JSON.parse((await look('/api/queues', `Bearer ${OPERATOR_TOKEN}`)).text) as {
      queues: { name: string; readOnlyMode: boolean }[];
    };
    expect(queues.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['offline-delivery', 'push-decide', 'push-send']),
    );
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  });
});

describe('messages about which nothing could be decided', () => {
  it('are dead letters that the operator reads and replays', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aSession(await aUser(app)), await aSession(await aUser(app))];
    const token = await bindDevice(bob, 'phone');
    const text = { type: 'text', body: { text: 'x' }, to: { kind: 'user', id: bob.user.userId } };
    const { id } = await ok(ann.api.post('/v1/messages', { ...text, clientMessageId: randomUUID() }));
    await eventually('the push', () => vendor.of(token)[0]);

    const place = await eventually('its record', async () => {
      const [row] = await parley.sql.rows<{ appPk: number; conversationPk: number; seq: number }>(
        'SELECT appPk, conversationPk, seq FROM push_deliveries WHERE providerId LIKE ?',
        [`%${vendor.of(token)[0]?.note.id ?? ''}`],
      );
      return row;
    });
    // As it is after twelve attempts that all failed.
    await parley.sql.run('DELETE FROM push_deliveries WHERE conversationPk = ?', [place.conversationPk]);
    await parley.sql.run('INSERT INTO push_fanouts (appPk, items, dead, reason) VALUES (?, ?, 1, ?)', [
      place.appPk,
      JSON.stringify([{ c: place.conversationPk, s: place.seq }]),
      'it would not',
    ]);
    const api = operator(parley);
    const { items } = await ok<{ items: { deadLetterId: string }[] }>(api.get('/v1/operator/push/dead-letters'));
    expect(items).toEqual([
      {
        deadLetterId: expect.any(String),
        appId: app.appId,
        messages: 1,
        reason: 'it would not',
        createdAt: expect.any(String),
      },
    ]);
    const replay = () => api.post(`/v1/operator/push/dead-letters/${items[0]?.deadLetterId ?? ''}/replay`, {});
    expect((await replay()).status).toBe(204);
    expect((await replay()).status).toBe(404);
    const { items: ends } = await eventually('the replay', async () => {
      const found = await ok<{ items: { status: string }[] }>(
        app.api.get(`/v1/push/deliveries?messageId=${String(id)}`),
      );
      return found.items.length > 0 && found;
    });
    expect(ends).toMatchObject([{ status: 'sent' }]);
  });
});

describe('the metrics', () => {
  it('tell what was sent, suppressed and failed, and how much waits for how long', async () => {
    const text = await (await fetch(`${parley.url}/metrics`)).text();
    expect(text).toMatch(/parley_push_sent_total [1-9]/);
    expect(text).toMatch(/parley_push_answers_total\{provider="apns",outcome="sent"\} [1-9]/);
    for (const gauge of ['undecided', 'undecided_oldest_seconds', 'undecided_dead', 'open', 'open_oldest_seconds'])
      expect(text).toMatch(new RegExp(`^parley_push_${gauge} \\d`, 'm'));
  });
});
