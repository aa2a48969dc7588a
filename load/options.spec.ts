import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions, UsageError } from './options.mjs';

describe('the options of npm run load', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'parley-load-'));
    const arbitrary = { appId: 'a1', appSecret: 's1' };
    writeFileSync(join(dir, 'quickstart.json'), JSON.stringify({ url: 'http://127.0.0.1:3000', apps: { arbitrary } }));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('find the deployment of this machine by themselves', () => {
    const options = readOptions(['--users', '10', '--sizes', '50,1000'], { DATA_DIR: dir });
    expect(options).toMatchObject({
      url: 'http://127.0.0.1:3000',
      appId: 'a1',
      appSecret: 's1',
      users: 10,
      sizes: [50, 1000],
    });
  });

  it('take another deployment without any file of this machine', () => {
    const args = ['--url', 'https://im.example', '--app-id', 'a2', '--app-secret', 's2', '--duration', '60'];
    expect(readOptions(args, { DATA_DIR: '/nowhere' })).toMatchObject({
      url: 'https://im.example',
      appId: 'a2',
      durationMs: 60_000,
    });
  });

  it.each([[['--users', 'many']], [['--rate', '0']], [['--sizes', '10,x']], [['--colour', 'red']]])(
    'refuse %j in words',
    (args) => expect(() => readOptions(args, { DATA_DIR: dir })).toThrow(UsageError),
  );

  it('say what to do where there is no deployment', () => {
    expect(() => readOptions([], { DATA_DIR: '/nowhere' })).toThrow(/npm start/);
  });
});
