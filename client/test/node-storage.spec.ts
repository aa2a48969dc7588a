import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParleyClient } from '../src';
import { fileStorage } from '../src/node';
import { webStorage, type WebStorageLike } from '../src/storage';
import { eventually } from './support/eventually';
import { FakeServer } from './support/fake-server';

describe('a file', () => {
  let folder: string;
  const path = () => join(folder, 'device/parley.jsonl');

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'parley-storage-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps what was set and forgets what was deleted, through a restart', async () => {
    const first = fileStorage(path());
    expect([...(await first.load())]).toEqual([]);
    await Promise.all([first.set('a', '1'), first.set('b', 'two\nlines'), first.set('a', '3'), first.set('c', '4')]);
    await first.delete('c');

    expect([...(await fileStorage(path()).load())]).toEqual([
      ['a', '3'],
      ['b', 'two\nlines'],
    ]);
    expect(readFileSync(path(), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('loses only the line that a crash cut short', async () => {
    const first = fileStorage(path());
    await first.load();
    await first.set('a', '1');
    appendFileSync(path(), '["b","hal');

    const second = fileStorage(path());
    expect([...(await second.load())]).toEqual([['a', '1']]);
    await second.set('c', '2');
    expect([...(await fileStorage(path()).load())]).toEqual([
      ['a', '1'],
      ['c', '2'],
    ]);
  });

  it('carries unsent messages over to the next run, under their ids, and delivers nothing twice', async () => {
    const server = await new FakeServer().listen();
    const aClient = () =>
      new ParleyClient({
        url: server.url,
        login: { appId: 'app', appToken: 'app-token', userId: 'ann' },
        device: { id: 'device', platform: 'test' },
        storage: fileStorage(path()),
      });
    const before = aClient();
    for (const text of ['1', '2', '3']) void before.sendText('bob', text);
    await eventually(() => expect(before.pending).toHaveLength(3));
    const ids = before.pending.map(({ clientMessageId }) => clientMessageId);
    await eventually(() => expect(readFileSync(path(), 'utf8').match(/outbox/g)).toHaveLength(3));

    const after = aClient();
    await after.start();
    await eventually(() =>
      expect(server.log('user:ann:bob').map(({ clientMessageId }) => clientMessageId)).toEqual(ids),
    );
    await eventually(() => expect(after.position('user:ann:bob')).toBe(3));
    await after.stop();

    const later = aClient();
    const messages: unknown[] = [];
    later.on('message', ({ seq }) => messages.push(seq));
    await later.start();
    server.say('bob', 'ann', 'hello');
    await eventually(() => expect(messages).toEqual([4]));
    await later.stop();
    await server.close();
  });
});

describe('web storage', () => {
  const area = (): WebStorageLike => {
    const values = new Map<string, string>();
    return {
      get length() {
        return values.size;
      },
      key: (index) => [...values.keys()][index] ?? null,
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    };
  };

  it('keeps to its own keys', async () => {
    const shared = area();
    shared.setItem('theme', 'dark');
    const storage = webStorage(shared);
    await storage.set('a', '1');
    await storage.set('b', '2');
    await storage.delete('a');

    expect([...(await storage.load())]).toEqual([['b', '2']]);
    expect(shared.getItem('theme')).toBe('dark');
  });
});
