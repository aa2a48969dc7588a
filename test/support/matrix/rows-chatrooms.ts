import type { Cell, EventRow, Kind, RouteRow, Six, Things } from './cells';

/** A room of the same id exists in every world, ann's in each; those apart, in the owner's alone. */
const ROOM: Cell = { twin: 'own', only: 'CHATROOM_NOT_FOUND' };
const PEER: Cell = { twin: 'own', only: 'USER_NOT_FOUND' };
/** The rooms of these worlds have no members. */
const NOBODY_IN: Cell = { twin: 'MEMBER_NOT_FOUND', only: 'CHATROOM_NOT_FOUND' };

/** All users of the app see its rooms. */
const SEEN: Six = ['ok', 'ok', ROOM, ROOM, 'FORBIDDEN', 'UNAUTHENTICATED'];
const DECIDED: Six = ['ok', 'FORBIDDEN', ROOM, ROOM, 'FORBIDDEN', 'UNAUTHENTICATED'];
const INSIDE: Six = ['ok', 'NOT_MEMBER', ROOM, ROOM, 'FORBIDDEN', 'UNAUTHENTICATED'];
const OF_APP: Six = ['ok', 'FORBIDDEN', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'];
const ABOUT_PEER: Six = ['ok', 'FORBIDDEN', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'];

const on = (
  after: string | ((things: Things) => string),
  body?: object | ((things: Things) => object),
  { cells = DECIDED, as = 'app' }: { cells?: Six; as?: Kind } = {},
): RouteRow => ({
  as,
  call: (things) => ({
    path: `/v1/chatrooms/${things.chatroomId}${typeof after === 'string' ? after : after(things)}`,
    ...(body && { body: typeof body === 'function' ? (body as (things: Things) => object)(things) : body }),
  }),
  cells,
});
/** By its owner, who is a user. */
const byOwner = (after: string | ((things: Things) => string), body?: object): RouteRow =>
  on(after, body, { as: 'user' });
const peer =
  (what: string) =>
  ({ peerId }: Things) =>
    `/${what}/${peerId}`;

export const CHATROOM_ROWS: Record<string, RouteRow> = {
  'POST /v1/chatrooms': {
    as: 'app',
    call: ({ fresh, peerId }) => ({
      path: '/v1/chatrooms',
      body: { chatroomId: fresh, name: 'New', owner: peerId, admins: [peerId] },
    }),
    cells: ABOUT_PEER,
  },
  'GET /v1/chatrooms': {
    as: 'user',
    call: () => ({ path: '/v1/chatrooms?limit=100' }),
    cells: ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/chatrooms/:chatroomId': on('', undefined, { cells: SEEN, as: 'user' }),
  'PATCH /v1/chatrooms/:chatroomId': on('', { name: 'Renamed' }),
  'DELETE /v1/chatrooms/:chatroomId': on(''),
  'PUT /v1/chatrooms/:chatroomId/announcement': byOwner('/announcement', { text: 'News' }),
  'PUT /v1/chatrooms/:chatroomId/distribution-stop': on('/distribution-stop'),
  'DELETE /v1/chatrooms/:chatroomId/distribution-stop': on('/distribution-stop'),
  'GET /v1/chatrooms/:chatroomId/messages': on('/messages', undefined, { cells: INSIDE }),
  'GET /v1/chatrooms/:chatroomId/members': byOwner('/members'),
  'POST /v1/chatrooms/:chatroomId/members': on('/members', ({ peerId }) => ({ userIds: [peerId] })),
  'DELETE /v1/chatrooms/:chatroomId/members/:userId': on(peer('members'), undefined, {
    cells: ['MEMBER_NOT_FOUND', 'FORBIDDEN', NOBODY_IN, NOBODY_IN, 'FORBIDDEN', 'UNAUTHENTICATED'],
  }),
  'GET /v1/chatrooms/:chatroomId/admins': on('/admins'),
  'PUT /v1/chatrooms/:chatroomId/admins/:userId': on(peer('admins')),
  'DELETE /v1/chatrooms/:chatroomId/admins/:userId': on(peer('admins')),
  'GET /v1/chatrooms/:chatroomId/mutes': byOwner('/mutes'),
  'PUT /v1/chatrooms/:chatroomId/mutes/:userId': byOwner(peer('mutes'), { seconds: 60 }),
  'DELETE /v1/chatrooms/:chatroomId/mutes/:userId': byOwner(peer('mutes')),
  'PUT /v1/chatrooms/:chatroomId/mute-all': byOwner('/mute-all'),
  'DELETE /v1/chatrooms/:chatroomId/mute-all': byOwner('/mute-all'),
  'GET /v1/chatrooms/:chatroomId/speakers': byOwner('/speakers'),
  'PUT /v1/chatrooms/:chatroomId/speakers/:userId': byOwner(peer('speakers')),
  'DELETE /v1/chatrooms/:chatroomId/speakers/:userId': byOwner(peer('speakers')),
  'GET /v1/chatrooms/:chatroomId/bans': byOwner('/bans'),
  'PUT /v1/chatrooms/:chatroomId/bans/:userId': byOwner(peer('bans')),
  'DELETE /v1/chatrooms/:chatroomId/bans/:userId': byOwner(peer('bans')),
  'GET /v1/chatrooms/:chatroomId/attributes': on('/attributes', undefined, { cells: INSIDE, as: 'user' }),
  'PUT /v1/chatrooms/:chatroomId/attributes/:key': byOwner('/attributes/stage', { value: 'dark' }),
  'DELETE /v1/chatrooms/:chatroomId/attributes/:key': byOwner('/attributes/stage'),
  'GET /v1/chatroom-super-admins': { as: 'app', call: () => ({ path: '/v1/chatroom-super-admins' }), cells: OF_APP },
  'PUT /v1/chatroom-super-admins/:userId': {
    as: 'app',
    call: ({ peerId }) => ({ path: `/v1/chatroom-super-admins/${peerId}` }),
    cells: ABOUT_PEER,
  },
  'DELETE /v1/chatroom-super-admins/:userId': {
    as: 'app',
    call: ({ peerId }) => ({ path: `/v1/chatroom-super-admins/${peerId}` }),
    cells: ABOUT_PEER,
  },
  'POST /v1/chatroom-broadcasts': {
    as: 'app',
    call: ({ fresh }) => ({
      path: '/v1/chatroom-broadcasts',
      body: { clientMessageId: fresh, type: 'text', body: { text: 'Hello to all' } },
    }),
    cells: OF_APP,
  },
};

const ANYBODY: Six = ['ok', 'ok', ROOM, ROOM, 'BAD_CREDENTIALS', 'UNAUTHENTICATED'];

export const CHATROOM_EVENT_ROWS: Record<string, EventRow> = {
  'chatroom:join': { data: ({ chatroomId }) => ({ chatroomId }), cells: ANYBODY },
  'chatroom:leave': { data: ({ chatroomId }) => ({ chatroomId }), cells: ANYBODY },
};
