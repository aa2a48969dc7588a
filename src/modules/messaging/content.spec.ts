import { JsonText } from '../../kernel/json-text';
import { Settings, LimitSettings } from '../../platform/config/settings';
import { MessageContent } from './content';

const settings = Object.assign(new Settings(), { limits: new LimitSettings() });
const content = new MessageContent(settings);
const asRead = (value: unknown) => new JsonText(JSON.stringify(value), value);
const check = (type: string, body: unknown, ext?: unknown, app = {}, kind: 'user' | 'app' = 'user') =>
  content.check(
    {
      to: { kind: 'user', id: 'bob' },
      clientMessageId: 'x'.repeat(16),
      type,
      body: asRead(body),
      ...(ext !== undefined && { ext: asRead(ext) }),
    },
    { kind, app },
  );
const refusal = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    const { code, extras } = error as { code: string; extras: { field?: string } };
    return [code, extras.field];
  }
  return undefined;
};

describe('the content of a message', () => {
  it.each(['', '   ', '\n\t', '\u3000', '\u200b\ufeff', '\u2060 \u200d'])(
    'is refused as blank when its text shows nothing (%j)',
    (text) => {
      expect(refusal(() => check('text', { text }))).toEqual(['BLANK_MESSAGE', 'body.text']);
    },
  );

  it.each([undefined, null, 5, 'hi', [], {}, { text: 7 }])('of type text needs a text (%j)', (body) => {
    expect(refusal(() => check('text', body ?? null))).toEqual(['INVALID_REQUEST', 'body.text']);
  });

  it('is measured in bytes: 8 KB of text, 4 KB of ext, 32 KB of thumbnail, and not one more', () => {
    expect(refusal(() => check('text', { text: 'a'.repeat(8192) }))).toBeUndefined();
    expect(refusal(() => check('text', { text: 'a'.repeat(8193) }))).toEqual(['TOO_LARGE', 'body.text']);
    expect(refusal(() => check('text', { text: '好'.repeat(2731) }))).toEqual(['TOO_LARGE', 'body.text']);
    expect(refusal(() => check('text', { text: '好'.repeat(2730) }))).toBeUndefined();
    expect(refusal(() => check('custom', {}, 'e'.repeat(4094)))).toBeUndefined();
    expect(refusal(() => check('custom', {}, 'e'.repeat(4095)))).toEqual(['TOO_LARGE', 'ext']);
    expect(refusal(() => check('image', { thumbnail: 't'.repeat(32 * 1024 + 1) }))).toEqual([
      'TOO_LARGE',
      'body.thumbnail',
    ]);
  });

  it('has no longer text than the app allows, and no longer than the deployment, whatever the app says', () => {
    expect(refusal(() => check('text', { text: 'a'.repeat(20) }, undefined, { textBytes: 20 }))).toBeUndefined();
    expect(refusal(() => check('text', { text: 'a'.repeat(21) }, undefined, { textBytes: 20 }))).toEqual([
      'TOO_LARGE',
      'body.text',
    ]);
    expect(refusal(() => check('text', { text: 'a'.repeat(8193) }, undefined, { textBytes: 9000 }))).toEqual([
      'TOO_LARGE',
      'body.text',
    ]);
  });

  it('is kept as it was read, whatever the type', () => {
    const body = { z: 1, a: ['\ud800', null, { k: 1.5 }] };
    expect(check('next-years-type', body, { y: 1, b: 2 })).toEqual({
      body: JSON.stringify(body),
      ext: '{"y":1,"b":2}',
      counts: true,
    });
    expect(check('custom', 'AAEC', undefined)).toEqual({ body: '"AAEC"', ext: null, counts: true });
  });

  it('does not count as unread when it is a command', () => {
    expect(check('command', {}).counts).toBe(false);
  });

  it('is not of a type that the server says, and of the app server’s only when that sends it', () => {
    for (const type of ['notice', 'hidden', 'change']) {
      expect(refusal(() => check(type, { kind: 'dissolved' }))).toEqual(['INVALID_REQUEST', 'type']);
    }
    expect(refusal(() => check('notice', { kind: 'sale' }, undefined, {}, 'app'))).toBeUndefined();
    for (const type of ['hidden', 'change']) {
      expect(refusal(() => check(type, {}, undefined, {}, 'app'))).toEqual(['INVALID_REQUEST', 'type']);
    }
  });
});
