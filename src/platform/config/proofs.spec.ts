import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVERY_VARIABLE } from './read-settings';

const ROOT = join(__dirname, '..', '..', '..');
const HERE = 'test/e2e/every-variable.spec.ts';

/** For each variable the test that starts something with a value of it and sees what it changes. */
const PROOFS: Record<string, string> = {
  LIMIT_FRAME_BYTES: 'src/platform/entry/http/http-door.spec.ts',
  LIMIT_TEXT_BYTES: 'test/e2e/repeats.spec.ts',
  LIMIT_EXT_BYTES: HERE,
  LIMIT_THUMBNAIL_BYTES: HERE,
  LIMIT_PAGE_BYTES: 'test/e2e/journeys/pages.spec.ts',
  LIMIT_USER_SENDS_PER_SECOND: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_USER_SENDS_BURST: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_ROOM_SENDS_PER_SECOND: 'test/e2e/journeys/chatroom-rules.spec.ts',
  LIMIT_APP_SENDS_PER_SECOND: HERE,
  LIMIT_APP_SENDS_BURST: HERE,
  LIMIT_CALLS_PER_SECOND: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_CALLS_BURST: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_LOGINS_PER_SECOND: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_LOGINS_BURST: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_SIGNALS_PER_SECOND: HERE,
  LIMIT_SIGNALS_BURST: HERE,
  LIMIT_HANDSHAKES_PER_SECOND: HERE,
  LIMIT_HANDSHAKES_BURST: HERE,
  LIMIT_CREATIONS_PER_HOUR: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_APP_CREATIONS_PER_HOUR: 'test/e2e/bad-input-floods.spec.ts',
  LIMIT_PASSWORDS_PER_SECOND: 'test/e2e/brute-force.spec.ts',
  LIMIT_PASSWORDS_BURST: 'test/e2e/brute-force.spec.ts',
  LIMIT_APP_PASSWORDS_PER_SECOND: 'test/e2e/brute-force.spec.ts',
  LIMIT_APP_PASSWORDS_BURST: 'test/e2e/brute-force.spec.ts',
  LIMIT_PUSHES_PER_SECOND: 'test/e2e/push-rates.spec.ts',
  LIMIT_FAILED_LOGINS_MAX: 'test/e2e/brute-force.spec.ts',
  REALTIME_PING_INTERVAL_MS: HERE,
  REALTIME_PING_TIMEOUT_MS: HERE,
  REALTIME_PROOF_LEASE_MS: 'test/integration/revocations.spec.ts',
  REALTIME_LAGGING_BYTES: 'test/e2e/journeys/slow-consumer.spec.ts',
  REALTIME_LAGGING_MS: 'test/e2e/journeys/slow-consumer.spec.ts',
  WORK_LEASE_MS: 'test/e2e/push-killed-workers.spec.ts',
  ROLE: 'test/e2e/push-killed-workers.spec.ts',
  PARLEY_EMBEDDED: 'test/launcher/start.spec.ts',
  DATA_DIR: 'test/launcher/start.spec.ts',
  LOG_LEVEL: 'test/e2e/journeys/operations.spec.ts',
  PORT: 'test/e2e/journeys/listening.spec.ts',
  HOST: 'test/e2e/journeys/listening.spec.ts',
  PUBLIC_URL: 'test/e2e/accounts.spec.ts',
  ENDPOINTS: 'test/e2e/accounts.spec.ts',
  CORS_ORIGINS: 'src/platform/entry/http/http-door.spec.ts',
  TRUST_PROXY: 'test/e2e/brute-force.spec.ts',
  SOCKET_TRANSPORTS: HERE,
  DOCS: 'test/e2e/published-face.spec.ts',
  MYSQL_URL: 'test/launcher/start.spec.ts',
  REDIS_URL: 'test/e2e/without-redis.spec.ts',
  REDIS_PREFIX: 'test/integration/shared-rates.spec.ts',
  MYSQL_POOL_SIZE: 'test/integration/pressure.spec.ts',
  MYSQL_TIMEOUT_MS: 'test/e2e/journeys/database-down.spec.ts',
  ENCRYPTION_KEY: 'test/launcher/backup.spec.ts',
  OPERATOR_TOKEN: 'test/e2e/brute-force.spec.ts',
  AUTO_VERIFY_DEVELOPERS: 'test/e2e/accounts.spec.ts',
  PUSH_TIMEOUT_MS: 'test/integration/push-vendors.spec.ts',
  LIMIT_NEW_NAMES_PER_HOUR: 'test/e2e/new-names.spec.ts',
  LIMIT_APP_NEW_NAMES_PER_HOUR: 'test/e2e/new-names.spec.ts',
  LIMIT_PUSH_RECORD_DAYS: 'test/e2e/push-operations.spec.ts',
  LIMIT_SESSIONS_PER_USER: 'test/integration/accounts.spec.ts',
  REALTIME_DISCONNECT_BYTES: 'test/integration/slow-consumer.spec.ts',
  REALTIME_OVERLOAD_LAG_MS: 'src/platform/realtime/overload.spec.ts',
  REALTIME_DRAIN_MS: 'src/platform/realtime/drain.spec.ts',
  HTTP_ANSWER_TIMEOUT_MS: 'src/platform/entry/http/server/connection-limiter.spec.ts',
  HTTP_CONNECTIONS_PER_ADDRESS: 'src/platform/entry/http/server/connection-limiter.spec.ts',
  HTTP_REQUESTS_PER_ADDRESS: 'src/platform/entry/http/server/connection-limiter.spec.ts',
  HTTP_UNREAD_BYTES: 'src/platform/entry/http/server/connection-limiter.spec.ts',
  METRICS_PORT: 'test/e2e/journeys/restart.spec.ts',
  // Every push of the tests goes to local services that these name; push-path.spec.ts and others see what arrives there.
  APNS_URL: 'test/support/push/vendors.ts',
  FCM_URL: 'test/support/push/vendors.ts',
  HUAWEI_URL: 'test/support/push/vendors.ts',
  PUSH_CA: 'test/support/push/vendors.ts',
};

describe('every variable', () => {
  it('has a test that shows what it changes', () => {
    expect(Object.keys(PROOFS).sort()).toEqual([...EVERY_VARIABLE].sort());
  });

  it.each(Object.entries(PROOFS))('%s is set to a value of its own in %s', (variable, file) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(new RegExp(`\\b${variable}\\b`));
  });
});
