import { FakeBrowser, type FakeTab } from '../test/support/fake-browser';
import { VirtualClock } from '../test/support/virtual-clock';
import { DeviceIds } from './device-ids';
import { DeviceStore, type Restored } from './device-store';
import { Gate } from './gate';
import { Outbox } from './outbox';
import { MemoryStorage, type Storage } from './storage';

const LOGIN = 'app/ann';

/** A client as far as its storage goes: what it queues is never sent. */
class Client {
  readonly store: DeviceStore;
  readonly outbox: Outbox;
  restored: Restored;

  constructor(storage: Storage, { ids, givenId }: { ids?: DeviceIds; givenId?: string } = {}) {
    this.store = new DeviceStore({ storage, login: LOGIN, ids, givenId });
    const ports = { send: () => new Promise<never>(() => undefined), sent() {}, refused() {}, changed() {} };
    this.outbox = new Outbox(ports, new Gate(), this.store.outbox, new VirtualClock());
  }

  async open(): Promise<this> {
    this.restored = await this.store.open();
    this.outbox.restore(this.restored.outbox);
    for (const orphan of this.restored.orphans) await orphan.adopt(this.outbox);
    return this;
  }

  queue(...texts: string[]): void {
    for (const text of texts) {
      const clientMessageId = `message-with-the-text-${text}`;
      void this.outbox.send({ to: { kind: 'user', id: 'bob' }, clientMessageId, type: 'text', body: { text } });
    }
  }

  get texts(): string[] {
    return this.outbox.pending.map(({ body }) => (body as { text: string }).text);
  }
}

const inTab = (tab: FakeTab, storage = tab.storage()) => new Client(storage, { ids: tab.ids }).open();

describe.each([
  ['Web Locks', { locks: true }],
  ['a BroadcastChannel', { channel: true }],
])('tabs that share a storage and have %s', (_, has) => {
  let browser: FakeBrowser;
  const tabs: FakeTab[] = [];
  const open = () => {
    tabs.push(browser.open());
    return tabs[tabs.length - 1];
  };
  beforeEach(() => (browser = new FakeBrowser(has)));
  afterEach(() => tabs.splice(0).forEach((tab) => tab.close()));

  it('keep to their own parts', async () => {
    const first = await inTab(open());
    const second = await inTab(open());
    first.queue('1', '2');
    second.queue('a', 'b');
    expect([first.texts, second.texts]).toEqual([
      ['1', '2'],
      ['a', 'b'],
    ]);
    const third = await inTab(open());
    expect(third.texts).toEqual([]);
  });

  it('find what they had not sent after a reload', async () => {
    const tab = open();
    (await inTab(tab)).queue('1', '2');
    tab.reload();
    expect((await inTab(tab)).texts).toEqual(['1', '2']);
  });

  it('that are closed lose nothing: the next to start takes over all that they had not sent', async () => {
    const [one, two, three] = [open(), open(), open()];
    (await inTab(one)).queue('1', '2');
    (await inTab(two)).queue('3');
    (await inTab(three)).queue('living');
    one.close();
    two.close();

    const next = await inTab(open());
    expect([...next.texts].sort()).toEqual(['1', '2', '3']);
    expect(next.texts.indexOf('1')).toBeLessThan(next.texts.indexOf('2'));
    // Kept in its own part by now: nothing is taken over twice, and nothing lies about.
    expect((await inTab(open())).texts).toEqual([]);
    tabs[3]?.reload();
    expect([...(await inTab(tabs[3])).texts].sort()).toEqual(['1', '2', '3']);
  });

  it('that are new begin where the latest one is', async () => {
    const tab = open();
    const first = await inTab(tab);
    await first.store.notes.set('position/user:ann:bob', '7');
    await first.store.notes.set('cursor', JSON.stringify({ userSeq: 3, storeEpoch: 'e' }));

    const { restored, store } = await inTab(open());
    expect(store.deviceId).not.toBe(first.store.deviceId);
    const progress = { positions: [['user:ann:bob', 7]], cursor: { userSeq: 3, storeEpoch: 'e' } };
    expect(restored.progress).toEqual(progress);

    tab.close();
    const heir = await inTab(open());
    expect(heir.store.deviceId).toBe(first.store.deviceId);
    expect(heir.restored.progress).toEqual(progress);
  });
});

describe('what was not sent', () => {
  it('stays where it was when it cannot be kept anew', async () => {
    const browser = new FakeBrowser({ locks: true });
    const [closed, living] = [browser.open(), browser.open()];
    const left = await inTab(closed);
    left.queue('1');
    await inTab(living);
    closed.close();
    living.reload();
    const full = living.storage();
    const storage: Storage = {
      load: () => full.load(),
      delete: (key) => full.delete(key),
      set: () => Promise.reject(new Error('QuotaExceededError')),
    };
    await inTab(living, storage);
    living.close();

    // The next one finds it still.
    const next = await inTab(browser.open());
    expect(next.texts).toEqual(['1']);
  });

  it('under an id that the application gave is taken over when the client makes the ids, and the other way round', async () => {
    const browser = new FakeBrowser({ locks: true });
    const before = browser.open();
    (await new Client(before.storage(), { ids: before.ids, givenId: 'my-own' }).open()).queue('1');
    before.close();

    const tab = browser.open();
    const made = await inTab(tab);
    expect(made.texts).toEqual(['1']);
    tab.close();

    const again = browser.open();
    const given = await new Client(again.storage(), { ids: again.ids, givenId: 'my-own' }).open();
    expect([given.store.deviceId, given.texts]).toEqual(['my-own', ['1']]);
  });
});

describe('outside a browser', () => {
  it('the id stays with the storage', async () => {
    const storage = new MemoryStorage();
    const first = await new Client(storage, { ids: new DeviceIds() }).open();
    first.queue('1');
    const second = await new Client(storage, { ids: new DeviceIds() }).open();
    expect(second.store.deviceId).toBe(first.store.deviceId);
    expect(second.texts).toEqual(['1']);
  });

  it('clients of one process without a storage have an id each while they run, and the same one after another', async () => {
    const ids = new DeviceIds();
    const first = await new Client(new MemoryStorage(), { ids }).open();
    const second = await new Client(new MemoryStorage(), { ids }).open();
    expect(second.store.deviceId).not.toBe(first.store.deviceId);
    first.store.release(Promise.resolve());
    expect((await new Client(new MemoryStorage(), { ids }).open()).store.deviceId).toBe(first.store.deviceId);
  });

  it('a start after the id was taken comes under another, and keeps its part of the storage', async () => {
    const ids = new DeviceIds();
    const { store } = await new Client(new MemoryStorage(), { ids }).open();
    const id = store.deviceId;
    store.replaced();
    expect(await store.claim()).not.toBe(id);
  });
});
