import type { RouteRow, Six } from './cells';

/** A user's own devices and wishes: everybody asks for its own. */
const OWN: Six = ['ok', 'ok', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'];
const OPERATORS: Six = ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'ok', 'UNAUTHENTICATED'];
const NAMED = { twin: 'own', only: 'USER_NOT_FOUND' } as const;

/** Devices, wishes, and what would become of a push. */
export const PUSH_ROWS: Record<string, RouteRow> = {
  'GET /v1/devices': { as: 'user', call: () => ({ path: '/v1/devices' }), cells: OWN },
  'PUT /v1/devices/:deviceId': {
    as: 'user',
    call: ({ fresh }) => ({ path: '/v1/devices/phone', body: { platform: 'ios', provider: 'apns', token: fresh } }),
    cells: OWN,
  },
  'DELETE /v1/devices/:deviceId': { as: 'user', call: () => ({ path: '/v1/devices/phone' }), cells: OWN },
  'GET /v1/push/settings': { as: 'user', call: () => ({ path: '/v1/push/settings' }), cells: OWN },
  'PUT /v1/push/settings': {
    as: 'user',
    call: () => ({
      path: '/v1/push/settings',
      body: { nickname: 'Ann', language: 'en', quietHours: { from: '22:00', to: '07:00' } },
    }),
    cells: OWN,
  },
  'GET /v1/push/deliveries': {
    as: 'app',
    call: ({ userId }) => ({ path: `/v1/push/deliveries?userId=${userId}` }),
    cells: ['ok', 'FORBIDDEN', NAMED, NAMED, 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'POST /v1/push/deliveries/replay': {
    as: 'app',
    call: () => ({ path: '/v1/push/deliveries/replay', body: { reason: 'expired' } }),
    cells: ['ok', 'FORBIDDEN', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'GET /v1/operator/push/dead-letters': {
    as: 'operator',
    call: () => ({ path: '/v1/operator/push/dead-letters' }),
    cells: OPERATORS,
  },
  'POST /v1/operator/push/dead-letters/:deadLetterId/replay': {
    as: 'operator',
    call: () => ({ path: '/v1/operator/push/dead-letters/999/replay' }),
    cells: ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'DEAD_LETTER_NOT_FOUND', 'UNAUTHENTICATED'],
  },
  'POST /v1/push/explain': {
    as: 'app',
    call: ({ userId, peerId }) => ({ path: '/v1/push/explain', body: { from: peerId, to: userId } }),
    cells: ['ok', 'FORBIDDEN', NAMED, NAMED, 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
};
