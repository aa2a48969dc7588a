import type { RouteRow, Six } from './cells';

/** The developer's own account: another developer has another one. */
const OWN_ACCOUNT: Six = ['ok', 'FORBIDDEN', 'FORBIDDEN', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'];
/** One of the developer's apps. */
const OWN_APP: Six = ['ok', 'FORBIDDEN', 'FORBIDDEN', 'APP_NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED'];
const OPERATORS: Six = ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'ok', 'UNAUTHENTICATED'];

const ofAccount = (path: string, body?: object): RouteRow => ({
  as: 'developer',
  call: () => ({ path, ...(body && { body }) }),
  cells: OWN_ACCOUNT,
});
const ofApp = (after: string, body?: object): RouteRow => ({
  as: 'developer',
  call: ({ appId }) => ({ path: `/v1/apps/${appId}${after}`, ...(body && { body }) }),
  cells: OWN_APP,
  fresh: 'app',
});
const onDeveloper = (after: string, body?: object): RouteRow => ({
  as: 'operator',
  call: ({ accountSid }) => ({ path: `/v1/operator/developers/${accountSid}${after}`, ...(body && { body }) }),
  cells: OPERATORS,
  fresh: 'developer',
});
const onApp = (after: string): RouteRow => ({
  as: 'operator',
  call: ({ appId }) => ({ path: `/v1/operator/apps/${appId}${after}` }),
  cells: OPERATORS,
  fresh: 'app',
});

/** Developers, their apps, and the operator above them. */
export const TENANCY_ROWS: Record<string, RouteRow> = {
  'GET /v1/developers/me': ofAccount('/v1/developers/me'),
  'POST /v1/developers/me/verification': ofAccount('/v1/developers/me/verification', { name: 'Legal name' }),
  'GET /v1/developers/me/auth-token': ofAccount('/v1/developers/me/auth-token'),
  'POST /v1/developers/me/auth-token': { ...ofAccount('/v1/developers/me/auth-token'), fresh: 'everything' },

  'POST /v1/apps': ofAccount('/v1/apps', { name: 'Another', accountMode: 'fixed', settings: {} }),
  'GET /v1/apps': ofAccount('/v1/apps'),
  'GET /v1/apps/:appId': ofApp(''),
  'PATCH /v1/apps/:appId': ofApp('', { name: 'Renamed', settings: { tokenTtlSeconds: 600 } }),
  'DELETE /v1/apps/:appId': ofApp(''),
  'POST /v1/apps/:appId/online': ofApp('/online'),
  'POST /v1/apps/:appId/offline': ofApp('/offline'),
  'DELETE /v1/apps/:appId/sessions': ofApp('/sessions'),
  'POST /v1/apps/:appId/secrets': ofApp('/secrets', { overlapSeconds: 0 }),
  'POST /v1/apps/:appId/app-token': ofApp('/app-token', { overlapSeconds: 60 }),

  'GET /v1/operator/developers': {
    as: 'operator',
    call: () => ({ path: '/v1/operator/developers?limit=100' }),
    cells: OPERATORS,
  },
  'PATCH /v1/operator/developers/:accountSid': onDeveloper('', { plan: 'trial', quotas: { users: 7 } }),
  'POST /v1/operator/developers/:accountSid/approve': onDeveloper('/approve'),
  'POST /v1/operator/developers/:accountSid/reject': onDeveloper('/reject', { reason: 'A reason' }),
  'POST /v1/operator/developers/:accountSid/suspend': onDeveloper('/suspend'),
  'POST /v1/operator/developers/:accountSid/resume': onDeveloper('/resume'),
  'POST /v1/operator/apps/:appId/suspend': onApp('/suspend'),
  'POST /v1/operator/apps/:appId/resume': onApp('/resume'),
};
