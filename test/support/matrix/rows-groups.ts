import type { Cell, EventRow, Kind, RouteRow, Six, Things } from './cells';

/** A group of the same id exists in every world; those apart, in the owner's alone. */
const GROUP: Cell = { twin: 'own', only: 'GROUP_NOT_FOUND' };
const PEER: Cell = { twin: 'own', only: 'USER_NOT_FOUND' };
/** Requests and invitations have ids of their own, in no other app. */
const REQUEST: Cell = { twin: 'REQUEST_NOT_FOUND', only: 'GROUP_NOT_FOUND' };
const INVITATION: Cell = { twin: 'INVITATION_NOT_FOUND', only: 'GROUP_NOT_FOUND' };
const OWNER: Cell = { twin: 'OWNER_MUST_TRANSFER', only: 'GROUP_NOT_FOUND' };

/** A private group: a third in the app cannot tell that it exists. */
const INSIDE: Six = ['ok', 'GROUP_NOT_FOUND', GROUP, GROUP, 'FORBIDDEN', 'UNAUTHENTICATED'];
const APP_ONLY: Six = ['ok', 'FORBIDDEN', GROUP, GROUP, 'FORBIDDEN', 'UNAUTHENTICATED'];
const ASKING: Six = ['ok', 'ok', GROUP, GROUP, 'FORBIDDEN', 'UNAUTHENTICATED'];
const DECIDING: Six = ['ok', 'GROUP_NOT_FOUND', REQUEST, REQUEST, 'FORBIDDEN', 'UNAUTHENTICATED'];
/** Not the owner either: the invitation is another's. */
const INVITED: Six = [
  'INVITATION_NOT_FOUND',
  'GROUP_NOT_FOUND',
  INVITATION,
  INVITATION,
  'FORBIDDEN',
  'UNAUTHENTICATED',
];
const SELF: Six = ['ok', 'FORBIDDEN', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'];

const on = (
  after: string | ((things: Things) => string),
  body?: object | ((things: Things) => object),
  cells: Six = INSIDE,
  as: Kind = 'user',
): RouteRow => ({
  as,
  call: (things) => ({
    path: `/v1/groups/${things.groupId}${typeof after === 'string' ? after : after(things)}`,
    ...(body && { body: typeof body === 'function' ? (body as (things: Things) => object)(things) : body }),
  }),
  cells,
});
const onPeer = (what: string, body?: object): RouteRow => on(({ peerId }) => `/${what}/${peerId}`, body);
const peers = ({ peerId }: Things) => ({ userIds: [peerId] });
const aGroup = ({ fresh, peerId }: Things) => ({
  groupId: fresh,
  name: 'New',
  visibility: 'private' as const,
  members: [peerId],
});

export const GROUP_ROWS: Record<string, RouteRow> = {
  'POST /v1/groups': {
    as: 'user',
    call: (things) => ({ path: '/v1/groups', body: aGroup(things) }),
    cells: ['ok', 'ok', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/groups': {
    as: 'user',
    call: () => ({ path: '/v1/groups?limit=100' }),
    cells: ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/groups, the app': {
    as: 'app',
    call: () => ({ path: '/v1/groups?limit=100' }),
    cells: ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/groups/:groupId': on(''),
  'GET /v1/groups/:groupId, the app': on('', undefined, INSIDE, 'app'),
  'PATCH /v1/groups/:groupId': on('', { name: 'Renamed' }),
  'DELETE /v1/groups/:groupId': on(''),
  'PUT /v1/groups/:groupId/announcement': on('/announcement', { text: 'News' }),
  'PUT /v1/groups/:groupId/suspension': on('/suspension', undefined, APP_ONLY, 'app'),
  'DELETE /v1/groups/:groupId/suspension': on('/suspension', undefined, APP_ONLY, 'app'),
  'GET /v1/groups/:groupId/messages/:seq/readers': on('/messages/1/readers'),
  'GET /v1/groups/:groupId/members': on('/members'),
  'POST /v1/groups/:groupId/members': on('/members', peers, APP_ONLY, 'app'),
  'GET /v1/groups/:groupId/members/:userId': onPeer('members'),
  'PATCH /v1/groups/:groupId/members/:userId': onPeer('members', { nickname: 'Bobby' }),
  'DELETE /v1/groups/:groupId/members/:userId': onPeer('members'),
  'PUT /v1/groups/:groupId/admins/:userId': onPeer('admins'),
  'DELETE /v1/groups/:groupId/admins/:userId': onPeer('admins'),
  'PUT /v1/groups/:groupId/owner': on('/owner', ({ peerId }) => ({ userId: peerId })),
  'POST /v1/groups/:groupId/join-requests': on('/join-requests', {}, ASKING),
  'GET /v1/groups/:groupId/join-requests': on('/join-requests'),
  'POST /v1/groups/:groupId/join-requests/:requestId/approve': on(
    ({ requestId }) => `/join-requests/${requestId}/approve`,
    undefined,
    DECIDING,
  ),
  'POST /v1/groups/:groupId/join-requests/:requestId/reject': on(
    ({ requestId }) => `/join-requests/${requestId}/reject`,
    {},
    DECIDING,
  ),
  'POST /v1/groups/:groupId/invitations': on('/invitations', peers),
  'POST /v1/groups/:groupId/invitations/:invitationId/accept': on(
    ({ invitationId }) => `/invitations/${invitationId}/accept`,
    undefined,
    INVITED,
  ),
  'POST /v1/groups/:groupId/invitations/:invitationId/decline': on(
    ({ invitationId }) => `/invitations/${invitationId}/decline`,
    undefined,
    INVITED,
  ),
  'GET /v1/groups/:groupId/mutes': on('/mutes'),
  'PUT /v1/groups/:groupId/mutes/:userId': onPeer('mutes', { seconds: 60 }),
  'DELETE /v1/groups/:groupId/mutes/:userId': onPeer('mutes'),
  'PUT /v1/groups/:groupId/mute-all': on('/mute-all'),
  'DELETE /v1/groups/:groupId/mute-all': on('/mute-all'),
  'GET /v1/groups/:groupId/speakers': on('/speakers'),
  'PUT /v1/groups/:groupId/speakers/:userId': onPeer('speakers'),
  'DELETE /v1/groups/:groupId/speakers/:userId': onPeer('speakers'),
  'GET /v1/groups/:groupId/bans': on('/bans'),
  'PUT /v1/groups/:groupId/bans/:userId': onPeer('bans'),
  'DELETE /v1/groups/:groupId/bans/:userId': onPeer('bans'),
  'GET /v1/users/:userId/groups': {
    as: 'user',
    call: ({ userId }) => ({ path: `/v1/users/${userId}/groups` }),
    cells: SELF,
  },
  'GET /v1/users/:userId/group-invitations': {
    as: 'user',
    call: ({ userId }) => ({ path: `/v1/users/${userId}/group-invitations` }),
    cells: SELF,
  },
};

/** On a socket: whoever is no user does not get in. */
const socket = ([owner, otherUser, otherApp, otherDeveloper]: Six): Six => [
  owner,
  otherUser,
  otherApp,
  otherDeveloper,
  'BAD_CREDENTIALS',
  'UNAUTHENTICATED',
];
const event = (cells: Six, data: (things: Things) => object): EventRow => ({ data, cells: socket(cells) });

/** In the order of the events, on one scene: what an earlier one did, a later one finds. */
export const GROUP_EVENT_ROWS: Record<string, EventRow> = {
  'group:create': event(['ok', 'ok', PEER, PEER, 'FORBIDDEN', 'UNAUTHENTICATED'], aGroup),
  'group:join': event(ASKING, ({ groupId }) => ({ groupId })),
  'group:leave': event(
    ['OWNER_MUST_TRANSFER', 'GROUP_NOT_FOUND', OWNER, OWNER, 'FORBIDDEN', 'UNAUTHENTICATED'],
    ({ groupId }) => ({ groupId }),
  ),
  'group:invite': event(INSIDE, ({ groupId, peerId }) => ({ groupId, userIds: [peerId] })),
  'group:accept': event(INVITED, ({ groupId, invitationId }) => ({ groupId, invitationId })),
  'group:decline': event(INVITED, ({ groupId, invitationId }) => ({ groupId, invitationId })),
  'group:approve': event(DECIDING, ({ groupId, requestId }) => ({ groupId, requestId })),
  'group:reject': event(
    ['ALREADY_DECIDED', 'GROUP_NOT_FOUND', REQUEST, REQUEST, 'FORBIDDEN', 'UNAUTHENTICATED'],
    ({ groupId, requestId }) => ({ groupId, requestId }),
  ),
  'group:remove': event(INSIDE, ({ groupId, peerId }) => ({ groupId, userId: peerId })),
  'group:dissolve': event(INSIDE, ({ groupId }) => ({ groupId })),
};
