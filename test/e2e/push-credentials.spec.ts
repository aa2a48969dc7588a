import { randomUUID } from 'node:crypto';
import { PushTasks } from '../../src/modules/push/tasks/push-tasks';
import { PushChannels } from '../../src/modules/push/channels';
import type { ProviderName, PushNote } from '../../src/modules/push/provider';
import { anApp, aSession, aUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { aLogKeeper } from '../support/matrix/log-keeper';
import { bindDevice } from '../support/push';
import { PushVendors, TOPIC } from '../support/push/vendors';

const aNote = (): PushNote => ({
  id: randomUUID(),
  collapseId: 'c1',
  body: 'Hello',
  expiresAt: new Date(Date.now() + 60_000),
  data: {},
});
const target = () => ({ token: randomUUID().replaceAll('-', ''), platform: 'ios' });

describe("an app's push credentials", () => {
  const log = aLogKeeper();
  let vendors: PushVendors;
  let parley: Parley;
  let app: TestApp;
  let appPk: number;
  let channels: PushChannels;
  const paths = (provider: string) => `/v1/push/credentials/${provider}`;
  const uploads = () => ({
    apns: vendors.apnsToken(),
    fcm: { serviceAccount: vendors.fcm.account() },
    huawei: vendors.huawei.account(),
  });
  const pkOf = async ({ appId }: TestApp): Promise<number> => {
    const [row] = await parley.sql.rows<{ id: number }>('SELECT id FROM apps WHERE appId = ?', [appId]);
    return Number(row?.id);
  };
  const send = async (provider: ProviderName, from = channels) =>
    (await from.of(appPk, provider))?.send(target(), aNote());

  beforeAll(async () => {
    vendors = await new PushVendors().start();
    parley = await startParley({ ...vendors.env, LOG_LEVEL: 'trace' }, log.logger);
    channels = parley.app.get(PushChannels, { strict: false });
  });
  beforeEach(async () => {
    app = await anApp(parley);
    appPk = await pkOf(app);
  });
  afterAll(async () => {
    await parley.stop();
    await vendors.close();
  });

  it('are checked, kept sealed, shown without a secret, and push', async () => {
    const given = uploads();
    for (const provider of ['apns', 'fcm', 'huawei'] as const) {
      expect(await channels.of(appPk, provider)).toBeUndefined();
      const { status, body } = await app.api.put(paths(provider), given[provider]);
      expect(status).toBe(200);
      expect(body).toMatchObject({ provider, status: 'ready' });
      expect(await ok(app.api.get(paths(provider)))).toEqual(body);
      expect(await send(provider)).toMatchObject({ outcome: 'sent' });
    }
    const { items } = await ok(app.api.get('/v1/push/credentials'));
    expect(items).toMatchObject([
      { provider: 'apns', kind: 'token', topic: TOPIC, environment: 'production', keyId: given.apns.keyId },
      { provider: 'fcm', projectId: 'parley-test', clientEmail: given.fcm.serviceAccount.client_email },
      { provider: 'huawei', appId: '100000001' },
    ]);
    const secrets = [given.apns.key, given.fcm.serviceAccount.private_key, given.huawei.clientSecret];
    const telling = secrets.map((secret) => secret.replace(/-----[^-]+-----|\n/g, '').slice(0, 40));
    const rows = await parley.sql.rows('SELECT CONVERT(sealed USING latin1) AS sealed, found FROM push_credentials');
    const everywhere = JSON.stringify([items, rows]) + log.lines.join('');
    expect(telling.filter((secret) => everywhere.includes(secret))).toEqual([]);
    expect(log.lines.join('')).toContain('push-credential.uploaded');
  });

  it('tell of a certificate when it expires and what it is for, and push with it (Y24)', async () => {
    const found = await ok(app.api.put(paths('apns'), vendors.apnsCertificate()));
    expect(found).toMatchObject({ kind: 'certificate', topic: TOPIC, environment: 'production' });
    expect(new Date(String(found.expiresAt)).getTime()).toBeGreaterThan(Date.now());
    expect(await send('apns')).toMatchObject({ outcome: 'sent' });
  });

  it('say which field is wrong, and why; what was there before stays', async () => {
    await ok(app.api.put(paths('apns'), vendors.apnsToken()));
    const before = await ok(app.api.get(paths('apns')));
    const expired = vendors.apnsCertificate({ validTo: new Date(Date.now() - 1000) });
    const cases: [string, object, string, RegExp][] = [
      ['apns', { ...vendors.apnsToken(), keyId: 'wrong' }, 'keyId', /ten characters/],
      ['apns', expired, 'certificate', /expired/],
      ['apns', { ...vendors.apnsCertificate(), passphrase: 'no' }, 'passphrase', /does not open/],
      ['apns', { ...vendors.apnsCertificate(), topic: 'com.other' }, 'topic', /com\.example\.app/],
      ['fcm', { serviceAccount: { type: 'service_account' } }, 'serviceAccount.project_id', /missing/],
      ['huawei', { appId: 'x', clientId: '1', clientSecret: 'x'.repeat(20) }, 'appId', /digits/],
    ];
    for (const [provider, upload, field, says] of cases) {
      const { status, body } = await app.api.put(paths(provider), upload);
      expect([status, body.error?.code, body.error?.field]).toEqual([400, 'INVALID_REQUEST', field]);
      expect(body.error?.message).toMatch(says);
    }
    expect(await ok(app.api.get(paths('apns')))).toEqual(before);
    expect((await app.api.put(paths('nokia'), {})).status).toBe(405);
  });

  it('that a vendor refuses are paused, with the reason, until others are uploaded', async () => {
    const first = vendors.apnsToken();
    await ok(app.api.put(paths('apns'), first));
    vendors.apns.distrust(first.keyId);
    const answer = await send('apns');
    expect(answer).toEqual({ outcome: 'credential-bad', reason: 'InvalidProviderToken' });
    await channels.pause(appPk, 'apns', 'InvalidProviderToken');
    expect(await ok(app.api.get(paths('apns')))).toMatchObject({
      status: 'paused',
      pausedReason: 'InvalidProviderToken',
      keyId: first.keyId,
    });
    expect(await channels.of(appPk, 'apns')).toBeUndefined();
    expect((await channels.states([appPk])).get(appPk)?.get('apns')).toBe('paused');

    const again = await ok(app.api.put(paths('apns'), vendors.apnsToken()));
    expect(again).toMatchObject({ status: 'ready' });
    expect(again).not.toHaveProperty('pausedReason');
    expect(await send('apns')).toMatchObject({ outcome: 'sent' });
  });

  it('uploaded while the vendor still refuses the ones before are not paused for them', async () => {
    const first = vendors.apnsToken();
    await ok(app.api.put(paths('apns'), first));
    vendors.apns.distrust(first.keyId);
    const channel = await channels.of(appPk, 'apns');
    const refused = await channel?.send(target(), aNote());
    await ok(app.api.put(paths('apns'), vendors.apnsToken()));
    expect(refused).toMatchObject({ outcome: 'credential-bad' });
    await channels.pause(appPk, 'apns', 'InvalidProviderToken');
    expect(await ok(app.api.get(paths('apns')))).toMatchObject({ status: 'ready' });
    expect(await send('apns')).toMatchObject({ outcome: 'sent' });
  });

  it('whose certificate ran out since are paused, and say so', async () => {
    await ok(app.api.put(paths('apns'), vendors.apnsCertificate()));
    await parley.sql.run('UPDATE push_credentials SET expiresAt = NOW(3) - INTERVAL 1 DAY WHERE appPk = ?', [appPk]);
    channels.forget(appPk, 'apns');
    expect(await channels.of(appPk, 'apns')).toBeUndefined();
    const { status, pausedReason } = await ok(app.api.get(paths('apns')));
    expect([String(status), String(pausedReason)]).toEqual(['paused', expect.stringMatching(/expired/)]);
  });

  it('that are replaced or removed are used no more, on any node', async () => {
    const other = await parley.another();
    try {
      const elsewhere = other.app.get(PushChannels, { strict: false });
      const [first, second] = [vendors.apnsToken(), vendors.apnsToken()];
      await ok(app.api.put(paths('apns'), first));
      expect(await send('apns', elsewhere)).toMatchObject({ outcome: 'sent' });
      await ok(app.api.put(paths('apns'), second));
      await eventually('the other node uses the second', async () => {
        await send('apns', elsewhere);
        return vendors.apns.records.all.at(-1)?.by === `TEAM123456/${second.keyId}`;
      });
      await ok(app.api.delete(paths('apns')));
      await eventually('nothing is left there', async () => (await elsewhere.of(appPk, 'apns')) === undefined);
      expect(await channels.of(appPk, 'apns')).toBeUndefined();
      expect((await channels.states([appPk])).get(appPk)).toBeUndefined();
      expect((await app.api.delete(paths('apns'))).status).toBe(404);
    } finally {
      await other.stop();
    }
  });

  it('carry a message to whoever is away, all the way to each vendor (Y25); a dead token is asked for once', async () => {
    const given = uploads();
    for (const provider of ['apns', 'fcm', 'huawei'] as const) await ok(app.api.put(paths(provider), given[provider]));
    const [ann, bob] = [await aSession(await aUser(app)), await aSession(await aUser(app))];
    const tokens = {
      apns: await bindDevice(bob, 'iphone'),
      fcm: await bindDevice(bob, 'pixel', { provider: 'fcm' }),
      huawei: await bindDevice(bob, 'mate', { provider: 'huawei' }),
    };
    vendors.fcm.script.set(tokens.fcm, { status: 404, reason: 'UNREGISTERED' });
    const { userId } = bob.user;
    const say = (text: string) =>
      ok(
        ann.api.post('/v1/messages', {
          to: { kind: 'user', id: userId },
          clientMessageId: randomUUID(),
          type: 'text',
          body: { text },
        }),
      );
    const ends = (messageId: unknown, n: number) =>
      eventually('the end of the message', async () => {
        const { items } = await ok<{ items: { provider: string; status: string; reason?: string }[] }>(
          app.api.get(`/v1/push/deliveries?messageId=${String(messageId)}`),
        );
        return items.length === n && items.map(({ provider, status }) => `${provider} ${status}`).sort();
      });

    expect(await ends((await say('one')).id, 3)).toEqual(['apns sent', 'fcm failed', 'huawei sent']);
    expect(await ends((await say('two')).id, 2)).toEqual(['apns sent', 'huawei sent']);
    const asked = (name: ProviderName) => vendors[name].records.all.filter(({ token }) => token === tokens[name]);
    expect(asked('apns').map(({ status }) => status)).toEqual([200, 200]);
    expect(asked('fcm').map(({ status }) => status)).toEqual([404]);
    expect(new Set(asked('apns').map(({ collapseId }) => collapseId)).size).toBe(1);
  });

  describe('that a vendor refuses while somebody is away', () => {
    const paused = () =>
      eventually('the pause', async () => String((await ok(app.api.get(paths('apns')))).status) === 'paused');
    const endsOf = async (messageId: string) =>
      (await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?messageId=${messageId}`))).items;

    /** A message of which the vendor wanted nothing to know, and whom it is for. */
    async function held() {
      const credential = vendors.apnsToken();
      await ok(app.api.put(paths('apns'), credential));
      vendors.apns.distrust(credential.keyId);
      const [ann, bob] = [await aUser(app), await aSession(await aUser(app))];
      const token = await bindDevice(bob, 'phone');
      const { userId } = bob.user;
      const say = (text: string) =>
        ok<{ id: string }>(app.api.post('/v1/messages', aText(userId, text, { from: ann.userId })));
      const { id } = await say('one');
      await paused();
      return { id, say, token, userId };
    }

    it('hold its pushes, say so, and let them go with the next upload', async () => {
      const { id, say, token, userId } = await held();
      const second = await say('two');
      const explained = { outcome: 'hold', reason: 'credential-paused', held: ['phone'] };
      expect(await ok(app.api.post('/v1/push/explain', { to: userId }))).toMatchObject(explained);
      expect([await endsOf(id), await endsOf(second.id)]).toEqual([[], []]);
      // One notification for both.
      const waits = () => ok<{ held: number }>(app.api.get(paths('apns')));
      await eventually('it says how many wait', async () => (await waits()).held === 1);
      const { items } = await ok<{ items: object[] }>(app.api.get('/v1/push/credentials'));
      expect(items).toContainEqual(expect.objectContaining({ provider: 'apns', status: 'paused', held: 1 }));
      expect(vendors.apns.records.taken(token)).toEqual([]);

      expect(await ok(app.api.put(paths('apns'), vendors.apnsToken()))).not.toHaveProperty('held');
      for (const messageId of [id, second.id]) {
        const [end] = await eventually('its end', async () => {
          const items = await endsOf(messageId);
          return items.length > 0 && items;
        });
        expect(end).toMatchObject({ status: 'sent', deviceId: 'phone', provider: 'apns' });
      }
      expect(vendors.apns.records.taken(token)).toHaveLength(1);
    });

    it('give a push up a day after its message, with the reason, and what joined it a day after that', async () => {
      const { id, say, userId } = await held();
      const second = await say('two');
      const task = `FROM push_tasks t JOIN users u ON u.id = t.userPk WHERE t.appPk = ${appPk} AND u.userId = ?`;
      await eventually('one waits with the other', async () => {
        const [row] = await parley.sql.rows<{ seqs: string }>(`SELECT t.seqs ${task}`, [userId]);
        return row?.seqs === ',1,2';
      });
      const hoursPass = (hours: number, seq: number) =>
        parley.sql.run(
          `UPDATE messages m, push_tasks t, users u SET m.sentAt = m.sentAt - INTERVAL ? HOUR,
              t.openedAt = t.openedAt - INTERVAL ? HOUR
            WHERE t.appPk = ? AND u.id = t.userPk AND u.userId = ? AND m.conversationPk = t.conversationPk AND m.seq = ?`,
          [hours, hours, appPk, userId, seq],
        );
      const endOf = (messageId: string) =>
        eventually('its end', async () => {
          await parley.app.get(PushTasks, { strict: false }).resume(appPk, 0);
          const [end] = await endsOf(messageId);
          return end;
        });
      const reason = 'expired: credential-paused: InvalidProviderToken';
      await hoursPass(25, 1);
      expect(await endOf(id)).toMatchObject({ status: 'failed', reason, deviceId: 'phone', provider: 'apns' });
      expect(await endsOf(second.id)).toEqual([]);
      const since = `SELECT t.openedAt, m.sentAt ${task.replace('WHERE', 'JOIN messages m ON m.conversationPk = t.conversationPk WHERE')} AND m.seq = 2`;
      const [rest] = await parley.sql.rows<{ openedAt: Date; sentAt: Date }>(since, [userId]);
      expect(rest?.openedAt).toEqual(rest?.sentAt);
      await hoursPass(25, 2);
      expect(await endOf(second.id)).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^expired/) });
    });
  });

  it('of one app open nothing in the row of another', async () => {
    const stranger = await anApp(parley);
    await ok(app.api.put(paths('huawei'), vendors.huawei.account()));
    await ok(stranger.api.put(paths('huawei'), vendors.huawei.account()));
    await parley.sql.run(
      `UPDATE push_credentials mine, push_credentials theirs SET mine.sealed = theirs.sealed
        WHERE mine.appPk = ? AND theirs.appPk = ?`,
      [appPk, await pkOf(stranger)],
    );
    channels.forget(appPk, 'huawei');
    await expect(channels.of(appPk, 'huawei')).rejects.toThrow();
  });
});
