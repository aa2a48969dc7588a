import fc from 'fast-check';
import { directConversationId, parseConversationId } from './conversation';

const id = fc.stringMatching(/^[A-Za-z0-9_.@-]{1,64}$/);

describe('a conversation id', () => {
  it('is the same for both sides, and names them both', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(directConversationId(a, b)).toBe(directConversationId(b, a));
        const [low, high] = [a, b].sort((x, y) => (x < y ? -1 : 1));
        expect(parseConversationId(directConversationId(a, b))).toEqual({ kind: 'user', low, high });
      }),
    );
  });

  it('names one group, room or user of a system conversation', () => {
    fc.assert(
      fc.property(fc.constantFrom('group', 'chatroom', 'system'), id, (kind, name) => {
        expect(parseConversationId(`${kind}:${name}`)).toEqual({ kind, id: name });
      }),
    );
  });

  it.each([
    '',
    'user',
    'user:a',
    'user:b:a',
    'user:a:b:c',
    'user::b',
    'group:',
    'group:a:b',
    'room:a',
    'user:a:b ',
    'group:é',
    '__proto__:a',
  ])('is nothing else (%j)', (text) => expect(parseConversationId(text)).toBeUndefined());
});
