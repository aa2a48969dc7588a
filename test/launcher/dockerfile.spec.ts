import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';

describe('the image', () => {
  it('runs the server with the arguments that npm start gives it', () => {
    const text = readFileSync(join(__dirname, '../../Dockerfile'), 'utf8');
    const command = /^CMD (\[.*\])$/m.exec(text.slice(text.indexOf('STOPSIGNAL')));
    expect(JSON.parse(command?.[1] ?? '[]')).toEqual(['node', ...SERVER_ARGS, 'dist/src/main.js']);
  });
});
