import { aConnectedUser, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between } from '../support/messages';
import { bindDevice } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

const COLLECTED_MS = 3500;

describe("a phone's badge after its user read elsewhere", () => {
  const vendor = new ScriptedVendor();
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    vendor.at(parley);
    app = await anApp(parley, { settings: { push: { badgeOnRead: true } } });
  });
  afterAll(() => parley?.stop());

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const silentOnes = (phone: string) => vendor.of(phone).flatMap(({ note }) => (note.silent ? [note.badge] : []));

  /** Ann wrote so often to Bob, who is away, and his phone showed it; his two conversations, and how far they are. */
  async function written(
    of: TestApp,
  ): Promise<{ bob: TestSession; phone: string; read: (from: number, seq: number) => Promise<unknown> }> {
    const bob = await aSession(await aUser(of));
    const phone = await bindDevice(bob, 'phone');
    const senders = [await aSession(await aUser(of)), await aSession(await aUser(of))];
    for (const sender of senders) {
      for (let n = 0; n < 2; n++) await ok(sender.api.post('/v1/messages', aText(bob.user.userId, 'Hello')));
    }
    await eventually('the phone shows 4', () => Promise.resolve(vendor.of(phone).some(({ note }) => note.badge === 4)));
    const conversations = senders.map(({ user }) => between(user.userId, bob.user.userId));
    const read = (from: number, seq: number) =>
      ok(bob.api.put(`/v1/conversations/${conversations[from]}/read`, { seq }));
    return { bob, phone, read };
  }

  it('falls by one push that shows nothing, however much was read at once', async () => {
    const { phone, read } = await written(app);
    await read(0, 1);
    await read(0, 2);
    await read(1, 1);
    expect(silentOnes(phone)).toEqual([]);
    await eventually('the phone hears of it', () => Promise.resolve(silentOnes(phone).length > 0));
    await sleep(COLLECTED_MS);
    expect(silentOnes(phone)).toEqual([1]);
    // A read that takes nothing away changes no badge.
    await read(1, 1);
    await sleep(COLLECTED_MS);
    expect(silentOnes(phone)).toEqual([1]);
    await read(1, 2);
    await eventually('the phone hears of nothing left', () => Promise.resolve(silentOnes(phone).at(-1) === 0));
  });

  it('is no business of a device that somebody looks at', async () => {
    const bob = await aConnectedUser(app, { id: 'phone' });
    const phone = await bindDevice(bob, 'phone');
    const ann = await aSession(await aUser(app));
    await ok(ann.api.post('/v1/messages', aText(bob.userId, 'Hello')));
    await ok(bob.api.put(`/v1/conversations/${between(ann.user.userId, bob.userId)}/read`, { seq: 1 }));
    await sleep(COLLECTED_MS);
    expect(silentOnes(phone)).toEqual([]);
    bob.device.close();
  });

  it('stays where the app does not ask for it', async () => {
    const { phone, read } = await written(await anApp(parley));
    await read(0, 2);
    await sleep(COLLECTED_MS);
    expect(silentOnes(phone)).toEqual([]);
  });
});
