import type { Cell, RouteRow, Six } from './cells';

/** In its own app it finds its own user of that name; a name that only the owner's app has is unknown. */
const NAMED: Cell = { twin: 'own', only: 'USER_NOT_FOUND' };
/** Sessions have ids of their own, in no other app. */
const SESSION: Cell = { twin: 'SESSION_NOT_FOUND', only: 'USER_NOT_FOUND' };

/** For app servers alone. */
const app = (foreign: Cell): Six => ['ok', 'FORBIDDEN', foreign, foreign, 'FORBIDDEN', 'UNAUTHENTICATED'];
/** For app servers, and for users where it is theirs. */
const appOr = (user: Cell, foreign: Cell): Six => ['ok', user, foreign, foreign, 'FORBIDDEN', 'UNAUTHENTICATED'];

const onUser = (as: 'app' | 'user', after: string, cells: Six, body?: object): RouteRow => ({
  as,
  call: ({ userId }) => ({ path: `/v1/users/${userId}${after}`, ...(body && { body }) }),
  cells,
});
const onSession = (as: 'app' | 'user'): RouteRow => ({
  as,
  call: ({ userId, sessionId }) => ({ path: `/v1/users/${userId}/sessions/${sessionId}` }),
  cells: appOr('FORBIDDEN', SESSION),
});
const onOwnSession = (path: string): RouteRow => ({
  as: 'user',
  call: () => ({ path }),
  cells: ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'],
});

/** Users, their logins and their presence. */
export const ACCOUNTS_ROWS: Record<string, RouteRow> = {
  'POST /v1/users': {
    as: 'app',
    call: ({ fresh }) => ({ path: '/v1/users', body: { userId: fresh, nickname: 'New', profile: {} } }),
    cells: app('own'),
  },
  'GET /v1/users': { as: 'app', call: () => ({ path: '/v1/users?limit=100' }), cells: app('own') },
  'GET /v1/users/:userId': onUser('app', '', appOr('ok', NAMED)),
  'GET /v1/users/:userId, a user': onUser('user', '', appOr('ok', NAMED)),
  'PATCH /v1/users/:userId': onUser('app', '', appOr('FORBIDDEN', NAMED), { nickname: 'Renamed' }),
  'PATCH /v1/users/:userId, a user': onUser('user', '', appOr('FORBIDDEN', NAMED), { nickname: 'Renamed' }),
  'DELETE /v1/users/:userId': onUser('app', '', app(NAMED)),
  'POST /v1/users/:userId/deactivate': onUser('app', '/deactivate', app(NAMED)),
  'POST /v1/users/:userId/activate': onUser('app', '/activate', app(NAMED)),
  'POST /v1/users/:userId/tokens': onUser('app', '/tokens', app(NAMED), { ttlSeconds: 600 }),
  'GET /v1/users/:userId/sessions': onUser('app', '/sessions', appOr('FORBIDDEN', NAMED)),
  'GET /v1/users/:userId/sessions, a user': onUser('user', '/sessions', appOr('FORBIDDEN', NAMED)),
  'DELETE /v1/users/:userId/sessions': onUser('app', '/sessions', appOr('FORBIDDEN', NAMED)),
  'DELETE /v1/users/:userId/sessions, a user': onUser('user', '/sessions', appOr('FORBIDDEN', NAMED)),
  'DELETE /v1/users/:userId/sessions/:sessionId': onSession('app'),
  'DELETE /v1/users/:userId/sessions/:sessionId, a user': onSession('user'),
  'PUT /v1/users/:userId/password': onUser('app', '/password', appOr('FORBIDDEN', NAMED), {
    newPassword: 'another one',
  }),
  'PUT /v1/users/:userId/password, a user': {
    as: 'user',
    call: ({ userId, password }) => ({
      path: `/v1/users/${userId}/password`,
      body: { oldPassword: password, newPassword: 'another one' },
    }),
    cells: appOr('FORBIDDEN', { twin: 'BAD_CREDENTIALS', only: 'USER_NOT_FOUND' }),
  },

  'DELETE /v1/sessions/current': onOwnSession('/v1/sessions/current'),
  'POST /v1/sessions/current/renew': onOwnSession('/v1/sessions/current/renew'),
  'POST /v1/tokens/verify': {
    as: 'app',
    call: ({ token }) => ({ path: '/v1/tokens/verify', body: { token } }),
    cells: app('own'),
    blind: true,
  },

  'GET /v1/presence': {
    as: 'app',
    call: ({ userId }) => ({ path: `/v1/presence?userIds=${userId}` }),
    cells: app('own'),
    blind: true,
  },
  'GET /v1/stats/online': { as: 'app', call: () => ({ path: '/v1/stats/online' }), cells: app('own') },
};
