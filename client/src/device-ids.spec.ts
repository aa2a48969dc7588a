import fc from 'fast-check';
import { FakeBrowser, type FakeTab } from '../test/support/fake-browser';
import { DeviceIds } from './device-ids';
import type { WebStorageLike } from './storage';

const ANN = 'app/ann';

const idOf = (tab: FakeTab, login = ANN) => tab.ids.claim(login, []);

describe.each([
  ['Web Locks', { locks: true }],
  ['a BroadcastChannel', { channel: true }],
])('device ids of tabs that have %s', (_, has) => {
  const tabs: FakeTab[] = [];
  afterEach(() => tabs.splice(0).forEach((tab) => tab.close()));
  const opened = (tab: FakeTab): FakeTab => {
    tabs.push(tab);
    return tab;
  };

  it('are made once and stay through reloads', async () => {
    const tab = opened(new FakeBrowser(has).open());
    const id = await idOf(tab);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    tab.reload();
    expect(await idOf(tab)).toBe(id);
  });

  it('are two for a tab and its duplicate, also after both are reloaded', async () => {
    const tab = opened(new FakeBrowser(has).open());
    const id = await idOf(tab);
    const copy = opened(tab.duplicate());
    const other = await idOf(copy);
    expect(other).not.toBe(id);
    tab.reload();
    copy.reload();
    expect(await Promise.all([idOf(tab), idOf(copy)])).toEqual([id, other]);
  });

  it('are two for duplicates that ask at the same moment', async () => {
    const tab = opened(new FakeBrowser(has).open());
    await idOf(tab);
    const copy = opened(tab.duplicate());
    tab.reload();
    const both = await Promise.all([idOf(tab), idOf(copy)]);
    expect(new Set(both).size).toBe(2);
  });

  it('of closed tabs are taken over by new ones, the latest first', async () => {
    const browser = new FakeBrowser(has);
    const [first, second] = [opened(browser.open()), opened(browser.open())];
    const early = await idOf(first);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const late = await idOf(second);
    first.close();
    second.close();
    expect(await idOf(opened(browser.open()))).toBe(late);
    expect(await idOf(opened(browser.open()))).toBe(early);
    expect(await idOf(opened(browser.open()))).not.toMatch(new RegExp(`${early}|${late}`));
  });

  it('serve clients of different logins in one page, and one client of a login each', async () => {
    const tab = opened(new FakeBrowser(has).open());
    const id = await idOf(tab);
    expect(await idOf(tab, 'app/bob')).toBe(id);
    expect(await idOf(tab)).not.toBe(id);
    tab.ids.letGo(ANN, id, Promise.resolve());
    expect(await idOf(tab)).toBe(id);
  });

  it('that turned out to be somebody else’s are not claimed again', async () => {
    const tab = opened(new FakeBrowser(has).open());
    const id = await idOf(tab);
    tab.ids.lose(id);
    expect(await idOf(tab)).not.toBe(id);
  });
});

describe('device ids', () => {
  type Act = { kind: 'open' | 'duplicate' | 'reload' | 'close'; tab: number };
  const acts = fc.array(
    fc.record<Act>({
      kind: fc.constantFrom('open', 'open', 'duplicate', 'duplicate', 'reload', 'close'),
      tab: fc.nat({ max: 9 }),
    }),
    { maxLength: 30 },
  );

  it('are never two tabs’ at once, and never more than tabs were open at once', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (plan) => {
        const browser = new FakeBrowser({ locks: true });
        const open = new Map<FakeTab, string>();
        const ever = new Set<string>();
        let most = 0;
        for (const { kind, tab: index } of plan) {
          const tab = [...open.keys()][index % Math.max(1, open.size)];
          if (kind === 'close') {
            tab?.close();
            if (tab) open.delete(tab);
            continue;
          }
          if (kind === 'reload') tab?.reload();
          const asking = kind === 'open' ? browser.open() : kind === 'duplicate' ? tab?.duplicate() : tab;
          if (!asking) continue;
          const id = await idOf(asking);
          if (kind === 'reload') expect(id).toBe(open.get(asking));
          open.set(asking, id);
          ever.add(id);
          most = Math.max(most, open.size);
          expect(new Set(open.values()).size).toBe(open.size);
        }
        expect(ever.size).toBeLessThanOrEqual(most);
      }),
      { numRuns: 100 },
    );
  });

  it('stay with the tab where tabs cannot hear of each other', async () => {
    const browser = new FakeBrowser({});
    const tab = browser.open();
    const id = await idOf(tab);
    tab.reload();
    expect(await idOf(tab)).toBe(id);
  });

  it('are made where the browser keeps nothing, or has no room', async () => {
    const forbidden = new Proxy({} as WebStorageLike, {
      get: () => {
        throw new Error('SecurityError');
      },
    });
    const ids = new DeviceIds({ session: forbidden, local: forbidden });
    const id = await ids.claim(ANN, []);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    ids.letGo(ANN, id, Promise.resolve());
    expect(await ids.claim(ANN, [])).toBe(id);
  });

  it('outside a browser are those that the storage names, else one for the process', async () => {
    const ids = new DeviceIds();
    expect(await ids.claim('app/one', ['kept-one'])).toBe('kept-one');
    expect(await ids.claim('app/two', ['kept-two'])).toBe('kept-two');
    const made = await ids.claim('app/three', []);
    ids.letGo('app/three', made, Promise.resolve());
    expect(await ids.claim('app/three', [])).toBe(made);
  });
});
