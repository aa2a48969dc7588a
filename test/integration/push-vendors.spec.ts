import { randomUUID } from 'node:crypto';
import { readSettings } from '../../src/platform/config/read-settings';
import type { ProviderAnswer, ProviderName, PushChannel, PushNote } from '../../src/modules/push/provider';
import { ApnsProvider } from '../../src/modules/push/providers/apns/apns.provider';
import { CredentialReader } from '../../src/modules/push/providers/credential-reader';
import { FcmProvider } from '../../src/modules/push/providers/fcm/fcm.provider';
import { HuaweiProvider } from '../../src/modules/push/providers/huawei/huawei.provider';
import { VendorHttp } from '../../src/modules/push/providers/vendor-http';
import { PushVendors as Registry } from '../../src/modules/push/providers/push-vendors';
import { eventually } from '../support/eventually';
import { NEXT, OAUTH } from '../support/push/script';
import { PushVendors, TOPIC } from '../support/push/vendors';

const TIMEOUT_MS = 2000;
const token = (): string => randomUUID().replaceAll('-', '').repeat(2);
const aNote = (more: Partial<PushNote> = {}): PushNote => ({
  id: randomUUID(),
  collapseId: 'conversation-1',
  title: '张三',
  body: '你好',
  badge: 3,
  sound: 'default',
  expiresAt: new Date(Date.now() + 3_600_000),
  data: { conversationId: 'user:a:b', seq: '7' },
  ...more,
});

let vendors: PushVendors;
let registry: Registry;
let http: VendorHttp;
const reader = new CredentialReader();
const channels: PushChannel[] = [];

beforeAll(async () => {
  vendors = await new PushVendors().start();
  const settings = readSettings({
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    PUSH_TIMEOUT_MS: String(TIMEOUT_MS),
    ...vendors.env,
  });
  http = new VendorHttp(settings);
  registry = new Registry([
    new ApnsProvider(settings, reader),
    new FcmProvider(settings, http, reader),
    new HuaweiProvider(settings, http),
  ]);
});
afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()));
  for (const { script } of [vendors.apns, vendors.fcm, vendors.huawei]) script.clear();
});
afterAll(async () => {
  http.close();
  await reader.onApplicationShutdown();
  await vendors.close();
});

/** A channel with what was uploaded, as it would be stored. */
async function open(provider: ProviderName, upload: object): Promise<PushChannel> {
  const vendor = registry.get(provider);
  const { content } = await vendor.inspect(upload, 1);
  const stored = JSON.parse(JSON.stringify(content)) as Record<string, unknown>;
  const channel = vendor.open({ appPk: 1, provider, version: 1, content: stored });
  channels.push(channel);
  return channel;
}

const to = (name = token()) => ({ token: name, platform: 'ios' });

describe('Apple', () => {
  it.each([
    ['by token', () => vendors.apnsToken(), /^TEAM123456\/KEY/],
    ['by certificate', () => vendors.apnsCertificate(), /^Apple Push Services/],
    [
      'by a certificate for one environment only',
      () => vendors.apnsCertificate({ environments: ['production'] }),
      /^Apple Push/,
    ],
  ])('takes a note %s, with everything that it needs', async (_, credential, by) => {
    const [note, target] = [aNote(), to()];
    expect(await (await open('apns', credential())).send(target, note)).toEqual({
      outcome: 'sent',
      providerId: note.id,
    });
    const [seen] = vendors.apns.records.taken(target.token);
    expect(seen?.by).toMatch(by);
    expect(seen?.headers).toEqual({
      'apns-id': note.id,
      'apns-collapse-id': 'conversation-1',
      'apns-priority': '10',
      'apns-push-type': 'alert',
      'apns-expiration': String(Math.floor(note.expiresAt.getTime() / 1000)),
      'apns-topic': TOPIC,
    });
    expect(seen?.body).toMatchObject({ aps: { alert: { title: '张三', body: '你好' }, badge: 3 }, seq: '7' });
  });

  it('says that a token is dead, and since when', async () => {
    const target = to();
    vendors.apns.script.set(target.token, { status: 410, reason: 'Unregistered', timestamp: 1_700_000_000_000 });
    expect(await (await open('apns', vendors.apnsToken())).send(target, aNote())).toEqual({
      outcome: 'token-dead',
      reason: 'Unregistered',
      since: new Date(1_700_000_000_000),
    });
  });

  it('is told of once: a busy answer comes back with the time to wait, and is not repeated behind our back', async () => {
    const target = to();
    vendors.apns.script.set(target.token, { status: 429, reason: 'TooManyRequests', retryAfter: '7' });
    const answer = await (await open('apns', vendors.apnsToken())).send(target, aNote());
    expect(answer).toEqual({ outcome: 'retry', reason: 'TooManyRequests', afterMs: 7000 });
    expect(vendors.apns.records.all.filter((seen) => seen.token === target.token)).toHaveLength(1);
  });

  it.each<[string, object, ProviderAnswer['outcome'], string]>([
    ['500', { status: 500, reason: 'InternalServerError' }, 'retry', 'InternalServerError'],
    ['503', { status: 503, reason: 'ServiceUnavailable' }, 'retry', 'ServiceUnavailable'],
    ['an empty 503', { status: 503, body: '' }, 'retry', 'HTTP 503'],
    ['an empty 410', { status: 410, body: '' }, 'token-dead', 'HTTP 410'],
    ['BadDeviceToken', { status: 400, reason: 'BadDeviceToken' }, 'refused', 'BadDeviceToken'],
    ['a reset stream', { drop: 'reset' }, 'retry', ''],
    ['GOAWAY', { drop: 'goaway' }, 'retry', ''],
    ['a cut connection', { drop: 'cut' }, 'retry', ''],
    ['silence', { drop: 'hang' }, 'retry', 'TIMEOUT'],
  ])('may answer with %s', async (_, scripted, outcome, reason) => {
    const channel = await open('apns', vendors.apnsToken());
    const target = to();
    vendors.apns.script.push(target.token, scripted);
    const answer = await channel.send(target, aNote());
    expect(answer).toMatchObject({ outcome, reason: expect.stringContaining(reason) });
    // The way is open again for the next one.
    expect(await channel.send(target, aNote())).toMatchObject({ outcome: 'sent' });
  });

  it('takes no key that it does not know, no topic of others, and no certificate of a stranger', async () => {
    const unknown = vendors.apnsToken();
    vendors.apns.distrust(unknown.keyId);
    const stranger = await new PushVendors().start();
    try {
      const cases: [object, string][] = [
        [unknown, 'InvalidProviderToken'],
        [{ ...vendors.apnsToken(), topic: 'com.other' }, 'TopicDisallowed'],
        [stranger.apnsCertificate(), 'BadCertificate'],
      ];
      for (const [credential, reason] of cases) {
        expect(await (await open('apns', credential)).send(to(), aNote())).toEqual({
          outcome: 'credential-bad',
          reason,
        });
      }
    } finally {
      await stranger.close();
    }
  });

  it('asks for a new token in time: an expired one is only a delay', async () => {
    const channel = await open('apns', vendors.apnsToken());
    const target = to();
    vendors.apns.script.push(target.token, { status: 403, reason: 'ExpiredProviderToken' });
    expect(await channel.send(target, aNote())).toMatchObject({ outcome: 'retry' });
    expect(await channel.send(target, aNote())).toMatchObject({ outcome: 'sent' });
  });

  it('hears many at once over one connection, also while the machine behind it goes', async () => {
    const channel = await open('apns', vendors.apnsToken());
    await channel.send(to(), aNote());
    const before = vendors.apns.opened;
    const answers = await Promise.all(Array.from({ length: 200 }, () => channel.send(to(), aNote())));
    expect(answers.filter(({ outcome }) => outcome !== 'sent')).toEqual([]);
    expect(vendors.apns.opened).toBe(before);
    vendors.apns.goAway();
    await eventually('the next goes through', async () => (await channel.send(to(), aNote())).outcome === 'sent');
    expect(vendors.apns.opened).toBe(before + 1);
  });

  it('that cannot be reached is tried again', async () => {
    const gone = await new PushVendors().start();
    const settings = readSettings({
      MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...gone.env,
    });
    const vendor = new ApnsProvider(settings, reader);
    await gone.close();
    const channel = vendor.open({ appPk: 1, provider: 'apns', version: 1, content: { ...vendors.apnsToken() } });
    channels.push(channel);
    expect(await channel.send(to(), aNote())).toEqual({ outcome: 'retry', reason: 'ECONNREFUSED' });
  });
});

describe('a badge alone', () => {
  const badge = () =>
    aNote({ silent: true, title: undefined, body: '', sound: undefined, data: { kind: 'badge', badge: '3' } });

  it('goes to Apple as an alert that shows nothing', async () => {
    const target = to();
    const sent = await (await open('apns', vendors.apnsToken())).send(target, badge());
    expect(sent).toMatchObject({ outcome: 'sent' });
    const [seen] = vendors.apns.records.taken(target.token);
    expect(seen?.body).toEqual({ aps: { badge: 3 } });
    expect(seen?.headers).toMatchObject({ 'apns-push-type': 'alert', 'apns-priority': '5' });
  });

  it.each([
    ['fcm', () => ({ serviceAccount: vendors.fcm.account() })],
    ['huawei', () => vendors.huawei.account()],
  ] as const)('goes through %s as data, without a notification', async (name, upload) => {
    const target = to();
    expect(await (await open(name, upload())).send(target, badge())).toMatchObject({ outcome: 'sent' });
    const [seen] = vendors[name].records.taken(target.token);
    expect(JSON.stringify(seen?.body)).not.toMatch(/notification|title/);
    expect(JSON.stringify(seen?.body).replaceAll('\\', '')).toContain('"badge":"3"');
  });
});

describe.each(['fcm', 'huawei'] as const)('%s', (name) => {
  const upload = () => (name === 'fcm' ? { serviceAccount: vendors.fcm.account() } : vendors.huawei.account());
  const dead = { fcm: { status: 404, reason: 'UNREGISTERED' }, huawei: { reason: '80300007' } }[name];
  const dry = { fcm: { status: 400, reason: 'INVALID_ARGUMENT' }, huawei: { status: 400, reason: '80100003' } }[name];

  it('takes a note', async () => {
    const target = to();
    expect(await (await open(name, upload())).send(target, aNote())).toMatchObject({ outcome: 'sent' });
    const [seen] = vendors[name].records.taken(target.token);
    expect(seen?.collapseId).toBe('conversation-1');
    expect(JSON.stringify(seen?.body)).toContain('你好');
  });

  it('asks for access once for everybody, and again when it was taken back', async () => {
    const channel = await open(name, upload());
    const before = vendors[name].grants;
    await Promise.all(Array.from({ length: 30 }, () => channel.send(to(), aNote())));
    expect(vendors[name].grants).toBe(before + 1);
    vendors[name].revoke();
    const answers = await Promise.all(Array.from({ length: 30 }, () => channel.send(to(), aNote())));
    expect(answers.filter(({ outcome }) => outcome !== 'sent')).toEqual([]);
    expect(vendors[name].grants).toBe(before + 2);
  });

  it('asks again before access ends', async () => {
    vendors[name].livesSeconds = 30;
    const channel = await open(name, upload());
    const before = vendors[name].grants;
    for (let turn = 0; turn < 2; turn++) await channel.send(to(), aNote());
    expect(vendors[name].grants).toBe(before + 2);
    vendors[name].livesSeconds = 3600;
  });

  it.each<[string, object, ProviderAnswer['outcome'], number | undefined]>([
    ['that the token is dead', dead, 'token-dead', undefined],
    ['that it is busy', { status: 429, retryAfter: '7' }, 'retry', 7000],
    ['500', { status: 500, body: {} }, 'retry', undefined],
    ['503 with a time to wait', { status: 503, body: {}, retryAfter: '2' }, 'retry', 2000],
    ['that the note is no good', dry, 'refused', undefined],
    ['silence', { drop: 'hang' }, 'retry', undefined],
    ['a cut connection', { drop: 'cut' }, 'retry', undefined],
  ])('may answer: %s', async (_, scripted, outcome, afterMs) => {
    const channel = await open(name, upload());
    const target = to();
    vendors[name].script.push(target.token, scripted);
    const answer = await channel.send(target, aNote());
    expect(answer).toMatchObject({ outcome, ...(afterMs !== undefined && { afterMs }) });
    expect(await channel.send(target, aNote())).toMatchObject({ outcome: 'sent' });
  });

  it('may give no access: for now, or because the credential is no good', async () => {
    const channel = await open(name, upload());
    vendors[name].script.push(OAUTH, { status: 503, retryAfter: '3' }, { drop: 'cut' });
    expect(await channel.send(to(), aNote())).toMatchObject({ outcome: 'retry', afterMs: 3000 });
    expect(await channel.send(to(), aNote())).toMatchObject({ outcome: 'retry' });
    vendors[name].script.push(OAUTH, { status: 400, body: { error: 'invalid_grant' } });
    const answer = await channel.send(to(), aNote());
    expect(answer).toEqual({ outcome: 'credential-bad', reason: 'oauth 400 invalid_grant' });
    expect(await channel.send(to(), aNote())).toMatchObject({ outcome: 'sent' });
  });

  it('that refuses access which it has just given says that the credential is no good', async () => {
    const refusal = name === 'fcm' ? { status: 401, body: {} } : { status: 200, reason: '80200001' };
    vendors[name].script.set(NEXT, refusal);
    expect(await (await open(name, upload())).send(to(), aNote())).toMatchObject({ outcome: 'credential-bad' });
  });
});

describe('a service account', () => {
  it('that is gone gives no access', async () => {
    const serviceAccount = vendors.fcm.account();
    vendors.fcm.remove(serviceAccount);
    const answer = await (await open('fcm', { serviceAccount })).send(to(), aNote());
    expect(answer).toEqual({ outcome: 'credential-bad', reason: 'oauth 400 invalid_grant Invalid JWT.' });
  });

  it('that would be granted access anywhere but at Google is refused, and one from before is not followed', async () => {
    const serviceAccount = { ...vendors.fcm.account(), token_uri: 'https://localhost/token' };
    const settings = readSettings({
      MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    const vendor = new FcmProvider(settings, http, reader);
    await expect(vendor.inspect({ serviceAccount }, 1)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      extras: { field: 'serviceAccount.token_uri' },
      message: expect.stringContaining('https://oauth2.googleapis.com/token'),
    });
    const content = { projectId: 'p', clientEmail: 'a@b', privateKey: 'x', tokenUri: serviceAccount.token_uri };
    const stored = { appPk: 1, provider: 'fcm', version: 1, content } as const;
    expect(() => vendor.open(stored)).toThrow(/token_uri: Only Google/);
  });
});
