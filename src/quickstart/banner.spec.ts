import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { banner } from './banner';

const app = {
  appId: 'app1',
  appToken: 'token',
  appSecret: 'the-secret',
  users: [{ userId: 'alice' }, { userId: 'bobby' }],
};

describe('the banner', () => {
  const dir = mkdtempSync(join(tmpdir(), "parley's banner "));
  const path = join(dir, 'quickstart.json');
  beforeAll(() => writeFileSync(path, JSON.stringify({ apps: { arbitrary: app } })));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('shows the app secret of a quickstart at the first start, ready to paste, and never again', () => {
    expect(banner('http://h', path, true)).toContain('curl -u app1:the-secret ');
    expect(banner('http://h', path, false)).not.toContain('the-secret');
  });

  it('still has a line to paste later: a shell reads the credentials from the file', () => {
    const line = /curl -u .*/.exec(banner('http://h', path, false))?.[0] ?? '';
    const said = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${line}`], { encoding: 'utf8' }).split(
      '\n',
    );
    expect(said).toContain('app1:the-secret');
    expect(JSON.parse(said.find((word) => word.startsWith('{')) ?? '')).toMatchObject({
      from: 'alice',
      to: { id: 'bobby' },
    });
  });
});
