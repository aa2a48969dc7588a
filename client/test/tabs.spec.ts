import { ParleyClient } from '../src';
import { eventually } from './support/eventually';
import { FakeBrowser, type FakeTab } from './support/fake-browser';
import { FakeServer } from './support/fake-server';

const CONVERSATION = 'user:ann:bob';

describe.each([
  ['Web Locks', { locks: true }],
  ['a BroadcastChannel', { channel: true }],
])('tabs of one browser, with %s', (_, has) => {
  let server: FakeServer;
  let browser: FakeBrowser;
  const open: [FakeTab, ParleyClient[]][] = [];

  beforeEach(async () => {
    server = await new FakeServer().listen();
    browser = new FakeBrowser(has);
  });

  afterEach(async () => {
    for (const [tab] of open) await close(tab);
    open.length = 0;
    await server.close();
  });

  const optionsOf = (tab: FakeTab) => ({
    url: server.url,
    login: { appId: 'app', appToken: 'app-token', userId: 'ann' },
    storage: tab.storage(),
    callTimeoutMs: 300,
  });

  async function aClient(tab: FakeTab) {
    const client = new ParleyClient(optionsOf(tab), tab.ids);
    const seqs: (number | undefined)[] = [];
    client.on('message', ({ seq }) => seqs.push(seq));
    clientsOf(tab).push(client);
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));
    return { client, seqs };
  }

  function clientsOf(tab: FakeTab): ParleyClient[] {
    const known = open.find(([one]) => one === tab);
    if (!known) open.push([tab, []]);
    return known?.[1] ?? clientsOf(tab);
  }

  /** Without a word: what a closed tab still had in memory is gone. */
  async function close(tab: FakeTab): Promise<void> {
    tab.close();
    for (const client of clientsOf(tab).splice(0)) await client.stop();
  }

  const devices = () =>
    server.sockets('ann').map(({ handshake }) => (handshake.auth as { device: { id: string } }).device.id);
  const textsStored = () => server.log(CONVERSATION).map(({ body }) => (body as { text: string }).text);

  it('are a device each, a duplicated one too, and a reload is no new device', async () => {
    const tab = browser.open();
    const { client } = await aClient(tab);
    await aClient(tab.duplicate());
    await aClient(browser.open());
    expect(new Set(devices()).size).toBe(3);
    expect(devices()).toContain(client.deviceId);
    await client.stop();
    tab.reload();
    expect((await aClient(tab)).client.deviceId).toBe(client.deviceId);
  });

  it('whose page makes one client after another, without waiting for the end of the one before, stay one device', async () => {
    const tab = browser.open();
    const { client, seqs } = await aClient(tab);
    for (const text of ['1', '2']) server.say('bob', 'ann', text);
    await eventually(() => expect(seqs).toEqual([1, 2]));
    void client.stop();
    // As Strict Mode does.
    const given = new ParleyClient(optionsOf(tab), tab.ids);
    void given.start();
    void given.stop();
    const next = await aClient(tab);
    expect(next.client.deviceId).toBe(client.deviceId);
    server.say('bob', 'ann', '3');
    await eventually(() => expect(next.seqs).toEqual([3]));
    expect(given.state.name).toBe('idle');
  });

  it('whose client was logged out by the server give its id to the next client', async () => {
    const tab = browser.open();
    const { client } = await aClient(tab);
    server.tell('ann', 'session:kicked', { reason: 'revoked' });
    await eventually(() => expect(client.state.name).toBe('kicked'));
    expect((await aClient(tab)).client.deviceId).toBe(client.deviceId);
  });

  it('that close with unsent messages leave them to the next tab: sent once, in order, by nobody twice', async () => {
    const [closed, living] = [browser.open(), browser.open()];
    const [first, second] = [await aClient(closed), await aClient(living)];
    server.fault = (event) => (event === 'message:send' ? 'lost' : undefined);
    for (const text of ['1', '2', '3']) void first.client.sendText('bob', text);
    void second.client.sendText('bob', 'of the tab that stays');
    await eventually(() => expect(first.client.pending).toHaveLength(3));
    await close(closed);

    const third = await aClient(browser.open());
    expect(third.client.pending.map(({ body }) => (body as { text: string }).text)).toEqual(['1', '2', '3']);
    server.fault = () => undefined;
    await eventually(() => expect([third, second].flatMap(({ client }) => client.pending)).toEqual([]));
    expect([...textsStored()].sort()).toEqual(['1', '2', '3', 'of the tab that stays']);
    expect(textsStored().filter((text) => text.length === 1)).toEqual(['1', '2', '3']);
    await eventually(() => expect(third.seqs).toEqual([1, 2, 3, 4]));
    await eventually(() => expect(second.seqs).toEqual([1, 2, 3, 4]));
  });

  it('that are new hear what is said from now on, not all that was ever said', async () => {
    const tab = browser.open();
    const first = await aClient(tab);
    for (const text of ['1', '2', '3']) server.say('bob', 'ann', text);
    await eventually(() => expect(first.seqs).toEqual([1, 2, 3]));
    await eventually(() => expect(browser.local.getItem(positionOf(first.client))).toBe('3'));
    const second = await aClient(browser.open());
    server.say('bob', 'ann', '4');
    await eventually(() => expect([first.seqs, second.seqs]).toEqual([[1, 2, 3, 4], [4]]));
  });

  const positionOf = ({ deviceId }: ParleyClient) => `parley:app/ann/@${deviceId}/notes/position/${CONVERSATION}`;

  it('do not fight over an id that they turn out to share: the next start comes under another', async () => {
    const { client } = await aClient(browser.open());
    const id = client.deviceId;
    server.tell('ann', 'session:kicked', { reason: 'replaced' });
    await eventually(() => expect(client.state).toEqual({ name: 'kicked', reason: 'replaced' }));
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));
    expect(client.deviceId).not.toBe(id);
  });
});
