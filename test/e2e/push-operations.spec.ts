import { PushFactsGatherer } from '../../src/modules/push/facts';
import { Housekeeping } from '../../src/platform/queues/housekeeping';
import { anApp, aSession, aUser, operator } from '../support/builders';
import { eventually } from '../support/eventually';
import { OPERATOR_TOKEN, type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { bindDevice, everyPushEnded } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

let parley: Parley;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley({ LIMIT_PUSH_RECORD_DAYS: '2' });
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
        expect([status, text]).toEqual([401, 'Sign in with any user name and OPERATOR_TOKEN as the password.']);
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

describe('how pushes ended', () => {
  it('is kept for LIMIT_PUSH_RECORD_DAYS days, and then forgotten', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aUser(app), await aSession(await aUser(app))];
    await bindDevice(bob, 'phone');
    const send = async (text: string) => {
      const { id } = await ok(app.api.post('/v1/messages', aText(bob.user.userId, text, { from: ann.userId })));
      await eventually('its end', async () => (await endsOf(String(id))).length > 0);
      return String(id);
    };
    const endsOf = async (messageId: string) =>
      (await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?messageId=${messageId}`))).items;
    const old = await send('old');
    await parley.sql.run('UPDATE push_deliveries SET at = at - INTERVAL 49 HOUR');
    const young = await send('young');
    expect([(await endsOf(old)).length, (await endsOf(young)).length]).toEqual([1, 1]);
    await parley.app.get(Housekeeping, { strict: false }).handle();
    expect([(await endsOf(old)).length, (await endsOf(young)).length]).toEqual([0, 1]);
  });
});

describe('a message about which nothing can be decided', () => {
  it('is tried again, holds up no other, and is in the end a dead letter that the operator reads and replays', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aUser(app), await aSession(await aUser(app))];
    const token = await bindDevice(bob, 'phone');
    const say = (text: string): Promise<{ id: string; seq?: number }> =>
      ok(app.api.post('/v1/messages', aText(bob.user.userId, text, { from: ann.userId })));
    const endsOf = async ({ id }: { id: string }) =>
      (await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?messageId=${id}`))).items;
    const facts = parley.app.get(PushFactsGatherer, { strict: false });
    const gather = facts.gather.bind(facts);
    const spy = jest.spyOn(facts, 'gather').mockImplementation((questions) => {
      if (questions.some(({ subject }) => subject.seq === 1)) throw new Error('it would not');
      return gather(questions);
    });
    const poison = await say('one');
    const failing = await eventually('it was tried', async () => {
      const [row] = await parley.sql.rows<{ id: number; failures: number }>(
        'SELECT id, failures FROM push_fanouts WHERE reason = ?',
        ['it would not'],
      );
      return row;
    });
    expect(failing.failures).toBe(1);
    // As if it had failed through all the pauses in between.
    await parley.sql.run('UPDATE push_fanouts SET failures = 11, nextAt = NOW(3) WHERE id = ?', [failing.id]);
    const other = await say('two');
    expect(await eventually('the end of another', async () => (await endsOf(other))[0])).toMatchObject({
      status: 'sent',
    });

    const api = operator(parley);
    const letters = () => ok<{ items: { deadLetterId: string }[] }>(api.get('/v1/operator/push/dead-letters'));
    const items = await eventually('the dead letter', async () => {
      const found = (await letters()).items;
      return found.length > 0 && found;
    });
    expect(items).toEqual([
      {
        deadLetterId: String(failing.id),
        kind: 'push',
        appId: app.appId,
        messages: 1,
        reason: 'it would not',
        createdAt: expect.any(String),
      },
    ]);
    expect(await endsOf(poison)).toEqual([]);
    expect(vendor.of(token)).toHaveLength(1);
    spy.mockRestore();
    const replay = () => api.post(`/v1/operator/push/dead-letters/${String(failing.id)}/replay`, {});
    expect((await replay()).status).toBe(204);
    expect((await replay()).status).toBe(404);
    expect(await eventually('the replay', async () => (await endsOf(poison))[0])).toMatchObject({ status: 'sent' });
    expect((await letters()).items).toEqual([]);
  });

  it('nor delivered: the same, and page by page', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aUser(app), await aSession(await aUser(app))];
    const token = await bindDevice(bob, 'phone');
    const sent: string[] = [];
    for (const text of ['one', 'two']) {
      const { id } = await ok(app.api.post('/v1/messages', aText(bob.user.userId, text, { from: ann.userId })));
      sent.push(String(id));
      await everyPushEnded(parley);
    }
    const asked = vendor.of(token).length;
    // As it is after twenty attempts that all failed, the first of them before anything was decided.
    await parley.sql.run('DELETE d FROM push_deliveries d JOIN apps a ON a.id = d.appPk WHERE a.appId = ?', [
      app.appId,
    ]);
    const rows = await parley.sql.rows<{ id: number }>('SELECT id FROM outbox ORDER BY id DESC LIMIT 2');
    const ids = rows.map(({ id }) => id);
    await parley.sql.run("UPDATE outbox SET state = 2, attempts = 20, reason = 'given up' WHERE id IN (?)", [ids]);
    const api = operator(parley);
    const page = (query: string) =>
      ok<{ items: object[]; nextCursor?: string }>(api.get(`/v1/operator/push/dead-letters?${query}`));
    const letter = (id: number) => ({
      ...{ deadLetterId: `owed-${id}`, kind: 'messages', messages: 1, reason: 'given up' },
      createdAt: expect.any(String) as string,
    });
    const first = await page('limit=1');
    expect(first.items).toEqual([letter(ids[0])]);
    const next = await page(`limit=1&cursor=${first.nextCursor ?? ''}`);
    expect(next).toEqual({ items: [letter(ids[1])] });

    for (const id of ids) {
      const replay = () => api.post(`/v1/operator/push/dead-letters/owed-${id}/replay`, {});
      expect((await replay()).status).toBe(204);
      expect((await replay()).status).toBe(404);
    }
    for (const messageId of sent) {
      const [end] = await eventually('its end', async () => {
        const { items } = await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?messageId=${messageId}`));
        return items.length > 0 && items;
      });
      expect(end).toMatchObject({ status: 'sent' });
    }
    expect(vendor.of(token).length).toBeGreaterThan(asked);
  });
});

describe('the metrics', () => {
  it('tell what was sent, suppressed and failed, why, and how much waits for how long', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aUser(app), await aSession(await aUser(app))];
    await bindDevice(bob, 'phone');
    vendor.answer = ({ note }) =>
      note.body === 'bad' ? { outcome: 'refused', reason: 'TooLong' } : { outcome: 'sent', providerId: note.id };
    for (const [text, options] of [['bad'], ['never', { push: false }]] as const) {
      await ok(app.api.post('/v1/messages', aText(bob.user.userId, text, { from: ann.userId, ...{ options } })));
      await everyPushEnded(parley);
    }
    vendor.answer = () => ({ outcome: 'retry', reason: '503', afterMs: 60_000 });
    await ok(app.api.post('/v1/messages', aText(bob.user.userId, 'later', { from: ann.userId })));

    const text = await eventually('one waits', async () => {
      const now = String((await parley.api.as({ bearer: OPERATOR_TOKEN }).get('/metrics')).body);
      return now.includes('outcome="retry"') && now;
    });
    const lines = [
      /parley_push_sent_total [1-9]/,
      /parley_push_suppressed_total\{reason="message-off"\} 1/,
      // The vendor's own words are without number.
      /parley_push_failed_total\{reason="refused"\} 1/,
      /parley_push_answers_total\{provider="apns",outcome="sent"\} [1-9]/,
      /parley_push_answer_seconds_count\{provider="apns"\} [1-9]/,
      /parley_push_open [1-9]/,
      /parley_push_undecided 0$/m,
    ];
    for (const line of lines) expect(text).toMatch(line);
    for (const gauge of ['undecided_oldest_seconds', 'undecided_dead', 'open_oldest_seconds'])
      expect(text).toMatch(new RegExp(`^parley_push_${gauge} \\d`, 'm'));
  });
});
