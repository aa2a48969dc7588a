import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';

const ROOT = join(__dirname, '../..');
const linesOf = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').split('\n');

describe('the image', () => {
  it('runs the server with the arguments that npm start gives it', () => {
    const text = linesOf('Dockerfile').join('\n');
    const command = /^CMD (\[.*\])$/m.exec(text.slice(text.indexOf('STOPSIGNAL')));
    expect(JSON.parse(command?.[1] ?? '[]')).toEqual(['node', ...SERVER_ARGS, 'dist/src/main.js']);
  });

  it('is built from files that are there and are let through to it', () => {
    const copied = linesOf('Dockerfile').flatMap((line) => {
      const [instruction, ...paths] = line.trim().split(/\s+/);
      return instruction === 'COPY' && !paths[0]?.startsWith('--from') ? paths.slice(0, -1) : [];
    });
    const letThrough = linesOf('.dockerignore').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(letThrough.sort()).toEqual(copied.sort());
  });
});
