import fc from 'fast-check';
import { BODY_BYTES_MAX, compose, type NoteInput, TITLE_BYTES_MAX } from './note';
import { cut } from './note-text';

const ANN = { userId: 'ann01' };
const HELLO: NoteInput = {
  message: { type: 'text', body: { text: 'Hello' } },
  sender: ANN,
  count: 1,
  mentioned: false,
};
const say = (change: Partial<NoteInput>) => compose({ ...HELLO, ...change });

describe('the words of a push', () => {
  it('name the sender by its nickname where it has one, else by its id (Y23)', () => {
    expect(say({})).toEqual({ title: 'ann01', body: 'Hello', sound: 'default' });
    expect(say({ sender: { ...ANN, nickname: '安娜' } })).toMatchObject({ title: '安娜', body: 'Hello' });
    expect(say({ sender: { ...ANN, nickname: '  ' } })).toMatchObject({ title: 'ann01' });
  });

  it('name the group in the title and the sender before the text', () => {
    expect(say({ conversationName: 'Trip' })).toMatchObject({ title: 'Trip', body: 'ann01: Hello' });
    expect(say({ conversationName: 'Trip', locale: 'zh-CN' })).toMatchObject({ body: 'ann01：Hello' });
  });

  it('have no title where the app itself speaks to a user, and none but the name where it speaks to a group', () => {
    expect(compose({ message: HELLO.message, count: 1, mentioned: false })).toEqual({
      body: 'Hello',
      sound: 'default',
    });
    expect(compose({ message: HELLO.message, count: 1, mentioned: false, conversationName: 'Trip' })).toMatchObject({
      title: 'Trip',
      body: 'Hello',
    });
  });

  it.each([
    ['image', 'en', '[Photo]'],
    ['image', 'zh', '[图片]'],
    ['location', 'zh-Hans-CN', '[位置]'],
    ['custom', 'en-GB', '[New message]'],
    ['something-newer', 'zh_CN', '[新消息]'],
    ['constructor', 'en', '[New message]'],
    ['image', 'xx', '[Photo]'],
  ])('say what a message of type %s is in %s', (type, locale, body) => {
    expect(say({ message: { type, body: {} }, locale }).body).toBe(body);
  });

  it("follow the user's language before the device's, and the app's where neither is known", () => {
    const message = { type: 'image', body: {} };
    expect(say({ message, settings: { language: 'zh' }, locale: 'en-US' }).body).toBe('[图片]');
    expect(say({ message, locale: 'fr-FR', app: { language: 'zh' } }).body).toBe('[图片]');
    expect(say({ message, locale: 'en', app: { language: 'zh' } }).body).toBe('[Photo]');
  });

  it('hide the content for who wants that: neither text nor type nor the words of the message show', () => {
    const hidden = { ...HELLO, settings: { style: 'hidden' as const }, words: { title: 'Secret', body: 'Secret' } };
    expect(compose(hidden)).toEqual({ title: 'ann01', body: 'New message', sound: 'default' });
    expect(compose({ ...hidden, locale: 'zh', conversationName: 'Trip', mentioned: true })).toMatchObject({
      title: 'Trip',
      body: '您有一条新消息',
    });
    expect(say({ app: { style: 'hidden' } }).body).toBe('New message');
    expect(say({ app: { style: 'hidden' }, settings: { style: 'full' } }).body).toBe('Hello');
  });

  it('are those of the message where it brings its own', () => {
    expect(say({ words: { title: 'Order 7', body: 'On its way' } })).toMatchObject({
      title: 'Order 7',
      body: 'On its way',
    });
    expect(say({ words: { body: 'On its way' } })).toMatchObject({ title: 'ann01', body: 'On its way' });
  });

  it('say how many messages one notification stands for', () => {
    expect(say({ count: 3 }).body).toBe('(3 new messages) Hello');
    expect(say({ count: 3, locale: 'zh' }).body).toBe('[3条新消息] Hello');
    expect(say({ count: 3, settings: { style: 'hidden' } }).body).toBe('(3 new messages) New message');
  });

  it('say that one was mentioned', () => {
    expect(say({ mentioned: true, conversationName: 'Trip' }).body).toBe('[You were mentioned] ann01: Hello');
  });

  it("are the app's templates where it has some: by type, then its default, then ours", () => {
    const templates = [
      { language: 'zh', type: 'text', title: '{sender}来信', body: '{text}！' },
      { language: 'fr', type: 'default', body: '{sender} vous a écrit' },
      { language: 'fr', type: 'burst', body: '{count} messages : {body}' },
      { language: 'pt-BR', type: 'image', body: 'Foto' },
    ];
    const app = { templates };
    expect(say({ app, locale: 'zh-CN' })).toMatchObject({ title: 'ann01来信', body: 'Hello！' });
    expect(say({ app, locale: 'zh-CN', message: { type: 'image', body: {} } })).toMatchObject({
      title: 'ann01',
      body: '[图片]',
    });
    expect(say({ app, locale: 'fr', count: 2 }).body).toBe('2 messages : ann01 vous a écrit');
    expect(say({ app, locale: 'pt-br', message: { type: 'image', body: {} } }).body).toBe('Foto');
  });

  it('never read what somebody wrote as a template', () => {
    const message = { type: 'text', body: { text: '{sender}{count}$&$1' } };
    expect(say({ message, sender: { ...ANN, nickname: '{text}' }, conversationName: 'Trip' }).body).toBe(
      '{text}: {sender}{count}$&$1',
    );
  });

  it('keep to one direction and to what a lock screen shows', () => {
    const message = { type: 'text', body: { text: 'a\u0000b\u202Ec\nd' } };
    expect(say({ message }).body).toBe('a b c\nd');
    expect(say({ message: { type: 'text', body: { text: '\u0007' } } }).body).toBe('[New message]');
  });

  it('stay within what vendors take, whatever is written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 3000 });
    fc.assert(
      fc.property(text, text, fc.nat(), fc.boolean(), (written, nickname, count, mentioned) => {
        const words = compose({
          message: { type: 'text', body: { text: written } },
          sender: { ...ANN, nickname },
          count,
          mentioned,
        });
        expect(Buffer.byteLength(JSON.stringify(words.title))).toBeLessThanOrEqual(TITLE_BYTES_MAX + 2);
        expect(Buffer.byteLength(JSON.stringify(words.body))).toBeLessThanOrEqual(BODY_BYTES_MAX + 2);
        expect(words.body).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});

describe('a text that is too long', () => {
  it.each([
    ['👨‍👩‍👧‍👦'.repeat(50), 100],
    ['é'.normalize('NFD').repeat(100), 50],
    ['"\\'.repeat(100), 33],
    ['中文'.repeat(100), 50],
  ])('is cut between two characters as people see them', (text, max) => {
    const kept = cut(text, max);
    expect(Buffer.byteLength(JSON.stringify(kept)) - 2).toBeLessThanOrEqual(max);
    expect(kept.endsWith('…')).toBe(true);
    const seen = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
    const own = [...new Intl.Segmenter().segment(kept.slice(0, -1))].map(({ segment }) => segment);
    expect(own).toEqual(seen.slice(0, own.length));
    expect(own.length).toBeGreaterThan(0);
  });

  it('is cut inside a character only where that one alone is too long', () => {
    const kept = cut(`a${'\u0301'.repeat(5000)}`, 100);
    expect(kept.startsWith('a\u0301')).toBe(true);
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(100);
  });

  it('is left alone where it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        expect(cut(text, 4096)).toBe(text);
      }),
    );
  });
});
