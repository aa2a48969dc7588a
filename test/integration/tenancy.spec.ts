import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import type { DeveloperCaller, OperatorCaller } from '../../src/kernel/caller';
import { AppsService } from '../../src/modules/tenancy/apps.service';
import { DevelopersService } from '../../src/modules/tenancy/developers.service';
import { Apps, Provisioning, TenancyModule, type App } from '../../src/modules/tenancy';
import { LimitsService } from '../../src/modules/tenancy/limits.service';
import { OperatorService } from '../../src/modules/tenancy/operator.service';
import { ConfigModule } from '../../src/platform/config/config.module';
import { Settings } from '../../src/platform/config/settings';
import { DatabaseClock } from '../../src/platform/database/database-clock';
import { Sql } from '../../src/platform/database/sql';
import { Credentials } from '../../src/platform/entry/credentials';
import { EntryModule } from '../../src/platform/entry/entry.module';
import { ProofLease } from '../../src/platform/realtime/proof-lease';
import { Live } from '../../src/platform/realtime/live';
import { SecretsModule } from '../../src/platform/secrets/secrets.module';
import { QuietLive } from '../support/quiet-live';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

const OPERATOR: OperatorCaller = { kind: 'operator' };
const OPERATOR_TOKEN = 'operator-token-of-the-tests';
const PASSWORD = 'a password chosen by a person';

@Global()
@Module({
  providers: [
    DatabaseClock,
    Sql,
    { provide: Live, useClass: QuietLive },
    { provide: ProofLease, useValue: { counts: (readAt: number) => performance.now() - readAt < 2000 } },
  ],
  exports: [DatabaseClock, Sql, Live, ProofLease],
})
class PlumbingModule {}

let database: ScratchDatabase;
/** Two nodes over one database that cannot tell each other anything. */
let node: TestingModule;
let otherNode: TestingModule;
const logged: unknown[] = [];

const aNode = (settings = database.settings): Promise<TestingModule> =>
  Test.createTestingModule({ imports: [ConfigModule, SecretsModule, PlumbingModule, EntryModule, TenancyModule] })
    .overrideProvider(Settings)
    .useValue(settings)
    .setLogger({ log: (line: unknown) => void logged.push(line), error: () => undefined, warn: () => undefined })
    .compile();

const use = <T>(type: abstract new (...args: never[]) => T, from = node): T => from.get<T>(type, { strict: false });

beforeAll(async () => {
  database = await aScratchDatabase({ OPERATOR_TOKEN });
  [node, otherNode] = await Promise.all([aNode(), aNode()]);
});

afterAll(async () => {
  await Promise.all([use(Sql).pool.end(), use(Sql, otherNode).pool.end()]);
  await database.drop();
});

const aDeveloper = () =>
  use(Provisioning).createVerifiedDeveloper({ email: `${randomUUID()}@example.com`, password: PASSWORD, name: 'Ann' });

async function aNewcomer(): Promise<{ caller: DeveloperCaller; authToken: string }> {
  const { accountSid, authToken } = await use(DevelopersService).signUp({
    email: `${randomUUID()}@example.com`,
    password: PASSWORD,
    name: 'New',
  });
  return { caller: (await prove(accountSid, authToken)) as DeveloperCaller, authToken };
}

const anApp = (developer: DeveloperCaller) =>
  use(Provisioning).createApp(developer, { name: 'Chat', accountMode: 'arbitrary', online: true });

const prove = (name: string, secret: string, appId?: string, from = node) =>
  use(Credentials, from).prove('basic', `${name}:${secret}`, {
    address: '127.0.0.1',
    ...(appId !== undefined && { appId }),
  });

const found = async (appId: string): Promise<App> => {
  const app = await use(Apps).find(appId);
  if (!app) throw new Error(`no app ${appId}`);
  return app;
};

const refusedWith = (code: string) => expect.objectContaining({ code });

describe('two developers', () => {
  it('never reach each other’s apps, and cannot tell them from absent ones', async () => {
    const [ann, bob] = await Promise.all([aDeveloper(), aDeveloper()]);
    const app = await anApp(ann.caller);
    const apps = use(AppsService);
    const attempts = (appId: string) => [
      () => apps.get(bob.caller, appId),
      () => apps.change(bob.caller, appId, { name: 'mine now' }),
      () => apps.goOffline(bob.caller, appId),
      () => apps.goOnline(bob.caller, appId),
      () => apps.rotateSecret(bob.caller, appId, {}),
      () => apps.remove(bob.caller, appId),
      () => prove(bob.accountSid, bob.authToken, appId),
    ];
    for (const attempt of [app.appId, 'app_of_nobody', 'app_\u00e9\u{1f600}'].flatMap(attempts)) {
      await expect(attempt()).rejects.toEqual(refusedWith('APP_NOT_FOUND'));
    }
    expect((await apps.list(bob.caller, {})).items).toEqual([]);
    expect(await apps.get(ann.caller, app.appId)).toMatchObject({ name: 'Chat', status: 'online' });
    expect(await prove(ann.accountSid, ann.authToken, app.appId)).toMatchObject({
      kind: 'app',
      app: { appId: app.appId },
    });
  });

  it('cannot share an e-mail address, whatever its case', async () => {
    const email = `${randomUUID()}@Example.com`;
    const developers = use(DevelopersService);
    await developers.signUp({ email, password: PASSWORD, name: 'First' });
    await expect(
      developers.signUp({ email: email.toUpperCase(), password: PASSWORD, name: 'Second' }),
    ).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      extras: { field: 'email' },
    });
  });

  it('page through their own apps without a hole or a repeat', async () => {
    const { caller } = await aDeveloper();
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.push((await use(AppsService).create(caller, { name: `app ${n}` })).appId);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await use(AppsService).list(caller, { limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ appId }) => appId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(made.reverse());
  });
});

describe('a credential', () => {
  it('that is wrong, unknown or of another kind gets one answer', async () => {
    const { caller, accountSid, authToken } = await aDeveloper();
    const { appId, appSecret, appToken } = await anApp(caller);
    const wrong: [string, string][] = [
      [accountSid, `${authToken}x`],
      [accountSid, appSecret],
      ['dev_nobody', authToken],
      [appId, authToken],
      [appId, appToken],
      [appId, ''],
      ['app_nobody', appSecret],
      ['app_\u00e9\u{1f600}', appSecret],
      ['dev_\u00e9\u{1f600}', authToken],
      [`app_${'x'.repeat(10_000)}`, appSecret],
      ['', ''],
    ];
    for (const [name, secret] of wrong)
      await expect(prove(name, secret)).rejects.toEqual(refusedWith('BAD_CREDENTIALS'));
    expect(await prove(appId, appSecret)).toMatchObject({ kind: 'app', app: { appId } });
    const app = await found(appId);
    expect(use(Apps).verifyAppToken(app, appToken)).toBe(true);
    expect(use(Apps).verifyAppToken(app, appSecret)).toBe(false);
  });

  it('of the operator is known; any other bearer token is left to others', async () => {
    const credentials = use(Credentials);
    expect(await credentials.prove('bearer', OPERATOR_TOKEN, { address: '::1' })).toEqual(OPERATOR);
    expect(await credentials.prove('bearer', `${OPERATOR_TOKEN}x`, { address: '::1' })).toBeUndefined();
  });

  it('of a developer ends at once when it is rotated', async () => {
    const { caller, accountSid, authToken } = await aDeveloper();
    await prove(accountSid, authToken);
    const rotated = await use(DevelopersService).rotateAuthToken(caller);
    await expect(prove(accountSid, authToken)).rejects.toEqual(refusedWith('BAD_CREDENTIALS'));
    expect(await prove(accountSid, rotated.authToken)).toEqual(caller);
    expect(await use(DevelopersService).authToken(caller)).toEqual({ accountSid, authToken: rotated.authToken });
  });
});

describe("an app's secret", () => {
  it('stays valid beside its successor for the overlap, in calls and in user tokens', async () => {
    const { caller } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    const rotated = await use(AppsService).rotateSecret(caller, appId, {});
    expect(rotated).toMatchObject({ appId, kid: 2, previous: { kid: 1 } });
    expect(await prove(appId, appSecret)).toMatchObject({ kind: 'app' });
    expect(await prove(appId, rotated.appSecret)).toMatchObject({ kind: 'app' });

    const keys = use(Apps).signingKeys(await found(appId));
    expect(keys.map(({ kid }) => kid)).toEqual([2, 1]);
    expect(keys[0]?.key.equals(keys[1]?.key ?? Buffer.alloc(0))).toBe(false);
  });

  it('ends at once without an overlap', async () => {
    const { caller } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    const rotated = await use(AppsService).rotateSecret(caller, appId, { overlapSeconds: 0 });
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('BAD_CREDENTIALS'));
    expect(await prove(appId, rotated.appSecret)).toMatchObject({ kind: 'app' });
    expect(
      use(Apps)
        .signingKeys(await found(appId))
        .map(({ kid }) => kid),
    ).toEqual([2]);
  });

  it('is one of two at most: a third ends the first', async () => {
    const { caller } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    const second = await use(AppsService).rotateSecret(caller, appId, {});
    const third = await use(AppsService).rotateSecret(caller, appId, {});
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('BAD_CREDENTIALS'));
    expect(await prove(appId, second.appSecret)).toMatchObject({ kind: 'app' });
    expect(await prove(appId, third.appSecret)).toMatchObject({ kind: 'app' });
  });

  it('is rotated one at a time, however many ask at once', async () => {
    const { caller } = await aDeveloper();
    const { appId } = await anApp(caller);
    const rotations = await Promise.all([1, 2, 3, 4].map(() => use(AppsService).rotateSecret(caller, appId, {})));
    expect(rotations.map(({ kid }) => kid).sort()).toEqual([2, 3, 4, 5]);
    const newest = rotations.find(({ kid }) => kid === 5);
    expect(await prove(appId, newest?.appSecret ?? '')).toMatchObject({ kind: 'app' });
    expect(
      use(Apps)
        .signingKeys(await found(appId))
        .map(({ kid }) => kid),
    ).toEqual([5, 4]);
  });
});

describe('going online', () => {
  it('needs a verified developer the first time, and only then', async () => {
    const { caller } = await aNewcomer();
    const apps = use(AppsService);
    const { appId, appSecret } = await apps.create(caller, { name: 'Chat' });
    await expect(apps.goOnline(caller, appId)).rejects.toEqual(refusedWith('DEVELOPER_NOT_VERIFIED'));
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('APP_NOT_ONLINE'));

    const asked = { name: 'Ann Lee', idNumber: 'X1234567' };
    expect((await use(DevelopersService).requestVerification(caller, asked)).status).toBe('pending');
    await expect(apps.goOnline(caller, appId)).rejects.toEqual(refusedWith('DEVELOPER_NOT_VERIFIED'));
    await use(OperatorService).reject(OPERATOR, caller.accountSid, { reason: 'the number is not readable' });
    await expect(apps.goOnline(caller, appId)).rejects.toEqual(refusedWith('DEVELOPER_NOT_VERIFIED'));
    expect(await use(DevelopersService).me(caller)).toMatchObject({
      status: 'rejected',
      verification: { name: 'Ann Lee', rejected: { reason: 'the number is not readable' } },
    });

    await use(DevelopersService).requestVerification(caller, asked);
    expect(await use(OperatorService).approve(OPERATOR, caller.accountSid)).toMatchObject({
      status: 'verified',
      verification: { idNumber: 'X1234567' },
    });
    expect(await apps.goOnline(caller, appId)).toMatchObject({ status: 'online' });
    expect(await prove(appId, appSecret)).toMatchObject({ kind: 'app' });

    await apps.goOffline(caller, appId);
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('APP_NOT_ONLINE'));
    await use(OperatorService).reject(OPERATOR, caller.accountSid, {});
    expect(await apps.goOnline(caller, appId)).toMatchObject({ status: 'online' });
  });

  it('needs nobody’s approval where the deployment verifies by itself', async () => {
    const security = { ...database.settings.security, autoVerifyDevelopers: true };
    const trusting = await aNode({ ...database.settings, security });
    const { caller } = await aNewcomer();
    const { appId } = await use(AppsService).create(caller, { name: 'Chat' });
    const asked = await use(DevelopersService, trusting).requestVerification(caller, { name: 'Ann Lee' });
    expect(asked).toMatchObject({ status: 'verified', verifiedAt: expect.any(String) });
    expect(await use(AppsService).goOnline(caller, appId)).toMatchObject({ status: 'online' });
    await use(Sql, trusting).pool.end();
  });

  it('is seen by another node within seconds even when nobody tells it', async () => {
    const { caller } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    expect(await prove(appId, appSecret, undefined, otherNode)).toMatchObject({ kind: 'app' });
    await use(AppsService).goOffline(caller, appId);
    const until = Date.now() + 20_000;
    let refusal: unknown;
    while (!refusal && Date.now() < until) {
      await prove(appId, appSecret, undefined, otherNode).catch((error: unknown) => (refusal = error));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(refusal).toEqual(refusedWith('APP_NOT_ONLINE'));
  });
});

describe('the operator', () => {
  it('stops a developer and all its apps, and lets them go on where they were', async () => {
    const { caller, accountSid, authToken } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    const { version } = await found(appId);
    await use(OperatorService).suspend(OPERATOR, accountSid);
    await expect(prove(accountSid, authToken)).rejects.toEqual(refusedWith('DEVELOPER_SUSPENDED'));
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('APP_SUSPENDED'));
    expect((await found(appId)).version).toBeGreaterThan(version);

    expect((await use(OperatorService).resume(OPERATOR, accountSid)).status).toBe('verified');
    expect(await prove(accountSid, authToken)).toEqual(caller);
    expect(await prove(appId, appSecret)).toMatchObject({ kind: 'app' });
  });

  it('stops one app, which its developer can neither take online nor lose', async () => {
    const { caller } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    await use(OperatorService).suspendApp(OPERATOR, appId);
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('APP_SUSPENDED'));
    await expect(use(AppsService).goOnline(caller, appId)).rejects.toEqual(refusedWith('APP_SUSPENDED'));
    expect(await use(OperatorService).resumeApp(OPERATOR, appId)).toMatchObject({ status: 'online' });
    expect(await prove(appId, appSecret)).toMatchObject({ kind: 'app' });

    await use(OperatorService).suspendApp(OPERATOR, appId);
    expect(await use(AppsService).goOffline(caller, appId)).toMatchObject({ status: 'suspended' });
    expect(await use(OperatorService).resumeApp(OPERATOR, appId)).toMatchObject({ status: 'offline' });
  });

  it('finds who waits, and never what only the developer may know', async () => {
    const { caller, authToken } = await aNewcomer();
    await use(DevelopersService).requestVerification(caller, { name: 'Ann Lee', kind: 'company' });
    const { items } = await use(OperatorService).list(OPERATOR, { status: 'pending', limit: 1 });
    expect(items).toMatchObject([{ accountSid: caller.accountSid, verification: { kind: 'company' } }]);
    expect(JSON.stringify(items)).not.toContain(authToken);
    for (const nobody of ['dev_nobody', 'dev_\u00e9', '']) {
      const approval = use(OperatorService).approve(OPERATOR, nobody);
      await expect(approval).rejects.toEqual(refusedWith('DEVELOPER_NOT_FOUND'));
    }
  });
});

describe('an app', () => {
  it('raises its version with every change, and shows its settings in force', async () => {
    const { caller } = await aDeveloper();
    const { appId } = await anApp(caller);
    const before = await found(appId);
    await use(AppsService).change(caller, appId, { settings: { devicePolicy: { kind: 'single' }, historyDays: 30 } });
    const after = await found(appId);
    expect(after.version).toBeGreaterThan(before.version);
    expect(after.settings).toMatchObject({
      devicePolicy: { kind: 'single', max: 5 },
      historyDays: 30,
      tokenTtlSeconds: 86_400,
    });
    await use(AppsService).change(caller, appId, { name: 'Renamed' });
    expect((await found(appId)).settings).toEqual(after.settings);
  });

  it('is unknown once deleted, its credentials with it', async () => {
    const { caller, accountSid, authToken } = await aDeveloper();
    const { appId, appSecret } = await anApp(caller);
    await use(AppsService).remove(caller, appId);
    expect(await use(Apps).find(appId)).toBeUndefined();
    await expect(prove(appId, appSecret)).rejects.toEqual(refusedWith('BAD_CREDENTIALS'));
    await expect(prove(accountSid, authToken, appId)).rejects.toEqual(refusedWith('APP_NOT_FOUND'));
    await expect(use(AppsService).get(caller, appId)).rejects.toEqual(refusedWith('APP_NOT_FOUND'));
    await expect(use(AppsService).remove(caller, appId)).rejects.toEqual(refusedWith('APP_NOT_FOUND'));
    await expect(use(OperatorService).resumeApp(OPERATOR, appId)).rejects.toEqual(refusedWith('APP_NOT_FOUND'));
    expect((await use(AppsService).list(caller, {})).items).toEqual([]);
  });
});

describe('quotas', () => {
  it('follow the plan and what was agreed, down to the limits an app is told', async () => {
    const { caller } = await aDeveloper();
    const { appId, caller: server } = await anApp(caller);
    expect((await found(appId)).quotas).toEqual({});

    await use(OperatorService).change(OPERATOR, caller.accountSid, { plan: 'trial' });
    expect((await found(appId)).quotas).toEqual({ users: 100, groupMembers: 20, historyDays: 7 });
    await use(OperatorService).change(OPERATOR, caller.accountSid, { quotas: { users: 5 } });
    const app = await found(appId);
    expect(use(Apps).quota(app, 'users')).toBe(5);
    expect(use(Apps).quota(app, 'apps')).toBeUndefined();
    const limits = use(LimitsService);
    expect(await limits.limits(server)).toMatchObject({
      quotas: { users: 5, groupMembers: 20, historyDays: 7 },
      historyDays: 7,
      textBytes: 8192,
    });
    expect(await limits.limits(undefined)).toMatchObject({ frameBytes: 65_536, userSendsPerSecond: 50, pageMax: 100 });

    const [row] = await use(Sql).rows<{ quotas: string }>('SELECT quotas FROM developers WHERE id = ?', [
      caller.developerPk,
    ]);
    expect(row?.quotas).toBe('{"users":5}');
    await use(OperatorService).change(OPERATOR, caller.accountSid, { plan: 'unlimited', quotas: {} });
    expect((await found(appId)).quotas).toEqual({});
  });

  it('hold for apps, however many are made at once', async () => {
    const { caller } = await aDeveloper();
    await use(OperatorService).change(OPERATOR, caller.accountSid, { quotas: { apps: 2 } });
    const made = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => use(AppsService).create(caller, { name: `app ${n}` })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(made.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'QUOTA_EXCEEDED', extras: { details: { quota: 'apps', limit: 2 } } },
    });
  });
});

describe('secrets', () => {
  it('are in no table and in no log line', async () => {
    logged.length = 0;
    const { caller, authToken } = await aDeveloper();
    const { appId, appSecret, appToken } = await anApp(caller);
    const rotated = await use(AppsService).rotateSecret(caller, appId, {});
    const newToken = await use(DevelopersService).rotateAuthToken(caller);
    const newcomer = await aNewcomer();
    await use(DevelopersService).requestVerification(newcomer.caller, { name: 'Ann', idNumber: 'ID-98765-SECRET' });

    let dump = '';
    for (const table of ['developers', 'apps', 'app_secrets']) {
      for (const row of await use(Sql).rows(`SELECT * FROM ${table}`)) {
        for (const value of Object.values(row))
          dump += Buffer.isBuffer(value) ? value.toString('latin1') : `${String(value)}\n`;
      }
    }
    const lines = JSON.stringify(logged);
    expect(dump).toContain(appId);
    expect(lines).toContain('app.secret-rotated');
    const secrets = [
      PASSWORD,
      authToken,
      appSecret,
      appToken,
      rotated.appSecret,
      newToken.authToken,
      newcomer.authToken,
    ];
    for (const secret of [...secrets, 'ID-98765-SECRET']) {
      expect(dump.includes(secret)).toBe(false);
      expect(lines.includes(secret)).toBe(false);
    }
  });
});
