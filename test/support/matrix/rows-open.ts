import type { RouteRow, Six } from './cells';

const ALL: Six = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'];
const GONE = 'ROUTE_NOT_FOUND';
const open = (path: string): RouteRow => ({ as: 'anyone', call: () => ({ path }), cells: ALL });

/** What is anybody's. */
export const OPEN_ROWS: Record<string, RouteRow> = {
  'GET /health/live': open('/health/live'),
  'GET /health/ready': open('/health/ready'),
  'GET /metrics': { as: 'operator', call: () => ({ path: '/metrics' }), cells: [GONE, GONE, GONE, GONE, 'ok', GONE] },
  'GET /docs': open('/docs'),
  'GET /docs-yaml': open('/docs-yaml'),
  'GET /docs/': open('/docs/'),
  'GET /docs/*': open('/docs/swagger-ui.css'),
  'GET /docs/asyncapi.json': open('/docs/asyncapi.json'),
  'GET /docs/errors.json': open('/docs/errors.json'),
  'GET /docs/openapi.json': open('/docs/openapi.json'),
  'GET /v1/limits': open('/v1/limits'),
  'POST /v1/developers': {
    as: 'anyone',
    call: ({ fresh }) => ({
      path: '/v1/developers',
      body: { email: `${fresh}@example.com`, password: 'chosen by a person', name: 'New' },
    }),
    cells: ALL,
  },
  // Whoever knows account and password is that user; who else asks makes no difference.
  'POST /v1/sessions': {
    as: 'anyone',
    call: ({ appId, account, password }) => ({ path: '/v1/sessions', body: { appId, account, password } }),
    cells: ALL,
  },
};
