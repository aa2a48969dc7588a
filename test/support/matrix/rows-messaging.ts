import type { Cell, EventRow, RouteRow, Six, Things } from './cells';

/** A conversation of the same id exists in every world between its own users. */
const TALK: Cell = { twin: 'own', only: 'CONVERSATION_NOT_FOUND' };
const PEER: Cell = { twin: 'own', only: 'USER_NOT_FOUND' };

/** The conversation is between two; a third in the app cannot tell that it exists. */
const BETWEEN_TWO: Six = ['ok', 'CONVERSATION_NOT_FOUND', TALK, TALK, 'FORBIDDEN', 'UNAUTHENTICATED'];
const SELF: Six = ['ok', 'FORBIDDEN', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'];
const EVERY_USER: Six = ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'];

const onTalk = (as: 'app' | 'user', after: string, body?: object): RouteRow => ({
  as,
  call: ({ conversationId }) => ({ path: `/v1/conversations/${conversationId}${after}`, ...(body && { body }) }),
  cells: BETWEEN_TWO,
});

const message = ({ peerId, fresh }: Things) => ({
  to: { kind: 'user', id: peerId },
  clientMessageId: fresh,
  type: 'text',
  body: { text: 'Hello' },
});

/** Messages and conversations. */
export const MESSAGING_ROWS: Record<string, RouteRow> = {
  'POST /v1/messages': {
    as: 'app',
    call: (things) => ({ path: '/v1/messages', body: { ...message(things), from: things.userId } }),
    // A user who names a sender is refused before anything is looked up.
    cells: ['ok', 'FORBIDDEN', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'POST /v1/messages, a user': {
    as: 'user',
    call: (things) => ({ path: '/v1/messages', body: message(things) }),
    cells: ['ok', 'ok', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/conversations': { as: 'user', call: () => ({ path: '/v1/conversations' }), cells: EVERY_USER },
  'GET /v1/conversations, the app': { as: 'app', call: () => ({ path: '/v1/conversations' }), cells: EVERY_USER },
  'GET /v1/users/:userId/conversations': {
    as: 'user',
    call: ({ userId }) => ({ path: `/v1/users/${userId}/conversations` }),
    cells: SELF,
  },
  'GET /v1/users/:userId/unread': {
    as: 'user',
    call: ({ userId }) => ({ path: `/v1/users/${userId}/unread` }),
    cells: SELF,
  },
  'GET /v1/conversations/:conversationId': onTalk('user', ''),
  'PATCH /v1/conversations/:conversationId': onTalk('user', '', { muted: true }),
  'GET /v1/conversations/:conversationId/messages': onTalk('app', '/messages'),
  'GET /v1/conversations/:conversationId/messages, a user': onTalk('user', '/messages'),
  'PUT /v1/conversations/:conversationId/read': onTalk('user', '/read', { seq: 1 }),
};

/** On a socket: whoever is no user does not get in. */
const MEMBERS: Six = ['ok', 'CONVERSATION_NOT_FOUND', TALK, TALK, 'BAD_CREDENTIALS', 'UNAUTHENTICATED'];
const ANY_USER: Six = ['ok', 'ok', 'own', 'own', 'BAD_CREDENTIALS', 'UNAUTHENTICATED'];

export const MESSAGING_EVENT_ROWS: Record<string, EventRow> = {
  'message:send': {
    data: message,
    cells: ['ok', 'ok', PEER, PEER, 'BAD_CREDENTIALS', 'UNAUTHENTICATED'],
  },
  'message:received': { data: ({ conversationId }) => ({ conversationId, seq: 1 }), cells: MEMBERS },
  'conversation:read': { data: ({ conversationId }) => ({ conversationId, seq: 1 }), cells: MEMBERS },
  'conversation:pull': { data: ({ conversationId }) => ({ conversationId, after: 0 }), cells: MEMBERS },
  typing: { data: ({ conversationId }) => ({ conversationId, typing: true }), cells: MEMBERS },
  // Naming a conversation that one does not hold tells nothing about it.
  sync: {
    data: ({ conversationId }) => ({ userSeq: 0, conversations: [[conversationId, 0]] }),
    cells: ANY_USER,
    blind: true,
  },
  'sync:heads': {
    data: ({ conversationId }) => ({ conversations: [[conversationId, 0]] }),
    cells: ANY_USER,
    blind: true,
  },
  'device:state': { data: () => ({ state: 'background' }), cells: ANY_USER },
  'presence:subscribe': { data: ({ userId }) => ({ userIds: [userId] }), cells: ANY_USER, blind: true },
  // The token is the owner's: nobody else's connection goes on with it.
  'session:renew': {
    data: ({ token }) => ({ token }),
    cells: ['ok', 'BAD_CREDENTIALS', 'BAD_CREDENTIALS', 'BAD_CREDENTIALS', 'BAD_CREDENTIALS', 'UNAUTHENTICATED'],
  },
};
