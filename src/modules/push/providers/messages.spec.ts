import fc from 'fast-check';
import type { PushNote } from '../provider';
import { apnsNotification } from './apns/apns-notification';
import { fcmMessage } from './fcm/fcm-message';
import { huaweiMessage } from './huawei/huawei-message';

const target = { token: 'a'.repeat(64), platform: 'ios' };
const aNote = (more: Partial<PushNote> = {}): PushNote => ({
  id: '3f2b1c9e-0000-5000-8000-000000000001',
  collapseId: 'c'.repeat(32),
  title: '张三',
  body: '你好',
  badge: 3,
  sound: 'default',
  expiresAt: new Date(Date.now() + 3_600_000),
  data: { conversationId: 'user:a:b', seq: '7', messageId: 'm1' },
  ...more,
});
const sizes = [
  (note: PushNote) => apnsNotification(note, 'com.example.app').body,
  (note: PushNote) => JSON.stringify(fcmMessage(target, note)),
  (note: PushNote) => JSON.stringify(huaweiMessage(target, note)),
];

/** What escaping doubles or makes six times as long, what is one character of many code points, and halves of pairs. */
const hostile = (lengthMax: number) =>
  fc
    .tuple(
      fc.array(
        fc.constantFrom('"', '\\', '\u0001', '\n', '👨‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'é', '字', '\ud83d', '\ude00', 'a', '\u2028', '\u0300'),
        {
          minLength: 1,
          maxLength: 12,
        },
      ),
      fc.nat(lengthMax),
    )
    .map(([parts, length]) => parts.join('').repeat(length).slice(0, length));
const LONE_HALF = /\p{Cs}|\\u[dD][89a-fA-F]/u;

describe('a note', () => {
  it('fits every vendor, however long its words: they are cut between letters, and what clients need stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 20 }), fc.nat(400), (word, times) => {
        for (const made of sizes) {
          const text = made(aNote({ body: word.repeat(times) }));
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
          expect(text).toContain('user:a:b');
          expect(Buffer.from(text).toString()).toBe(text);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('fits every vendor whatever is in it and however it is escaped, and is text that any parser takes', () => {
    fc.assert(
      fc.property(hostile(256), hostile(1024), hostile(2000), fc.boolean(), (title, body, value, named) => {
        const data = { conversationId: 'user:a:b', seq: '7', messageId: 'm1', more: value, ['"\\'.repeat(20)]: 'x' };
        for (const made of sizes) {
          const text = made(aNote({ body, data, title: named ? title : undefined }));
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
          expect(text).toContain('user:a:b');
          expect(text).not.toMatch(LONE_HALF);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the data of the app as long as cutting words is enough, and words are cut between what people see as one', () => {
    const family = '👨‍👩‍👧‍👦';
    for (const made of sizes) {
      const text = made(
        aNote({ body: family.repeat(300), data: { conversationId: 'user:a:b', more: 'x'.repeat(2000) } }),
      );
      expect(text).toContain('x'.repeat(2000));
      expect(text).toMatch(new RegExp(`"(?:${family})+…"`, 'u'));
      const dropped = made(
        aNote({ body: 'Hello', data: { conversationId: 'user:a:b', more: '"'.repeat(4000), less: 'y' } }),
      );
      expect(dropped).toContain('"Hello"');
      expect(dropped).toContain('less');
      expect(dropped).not.toContain('more');
    }
  });

  it('replaces another of its conversation at every vendor, however long the name', () => {
    for (const collapseId of ['short', 'x'.repeat(64), '会话'.repeat(40)]) {
      const note = aNote({ collapseId });
      const keys = [
        apnsNotification(note, 't').headers['apns-collapse-id'],
        (fcmMessage(target, note) as { message: { android: { collapse_key: string } } }).message.android.collapse_key,
        (huaweiMessage(target, note) as { message: { android: { notification: { tag: string } } } }).message.android
          .notification.tag,
      ];
      expect(new Set(keys).size).toBe(1);
      expect(Buffer.byteLength(String(keys[0]))).toBeLessThanOrEqual(64);
      expect(keys[0] === collapseId).toBe(Buffer.byteLength(collapseId) <= 64);
    }
  });

  it('carries badge, sound, thread and time of life to Apple', () => {
    const note = aNote();
    const made = apnsNotification(note, 'com.example.app');
    expect(JSON.parse(made.body)).toEqual({
      conversationId: 'user:a:b',
      seq: '7',
      messageId: 'm1',
      aps: {
        alert: { title: '张三', body: '你好' },
        badge: 3,
        sound: 'default',
        'mutable-content': 1,
        'thread-id': 'user:a:b',
      },
    });
    expect(made.headers).toMatchObject({
      'apns-id': note.id,
      'apns-topic': 'com.example.app',
      'apns-push-type': 'alert',
    });
    expect(made.headers['apns-expiration']).toBe(String(Math.floor(note.expiresAt.getTime() / 1000)));
  });

  it('leaves out the names that FCM keeps for itself: one of them would cost the whole notification', () => {
    const made = fcmMessage(target, aNote({ data: { from: 'x', 'google.x': 'y', message_type: 'z', fine: '1' } }));
    expect((made as { message: { data: object } }).message.data).toEqual({ fine: '1' });
  });

  it('that nobody wants any more is kept by no vendor', () => {
    const late = aNote({ expiresAt: new Date(Date.now() - 1000) });
    expect(JSON.stringify(fcmMessage(target, late))).toContain('"ttl":"0s"');
    expect(JSON.stringify(huaweiMessage(target, late))).toContain('"ttl":"0s"');
  });

  it('has a badge on Huawei phones where the app named its activity', () => {
    expect(JSON.stringify(huaweiMessage(target, aNote()))).not.toContain('"badge"');
    expect(JSON.stringify(huaweiMessage(target, aNote(), 'com.example.Main'))).toContain(
      '"badge":{"set_num":3,"class":"com.example.Main"}',
    );
  });
});
