import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LimitSettings, RealtimeSettings, WorkSettings } from './settings';
import { prefixed, VARIABLES } from './variables';

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
  LIMIT_PASSWORDS_PER_SECOND: 'test/e2e/guesses.spec.ts',
  LIMIT_PASSWORDS_BURST: 'test/e2e/guesses.spec.ts',
  LIMIT_APP_PASSWORDS_PER_SECOND: 'test/e2e/guesses.spec.ts',
  LIMIT_APP_PASSWORDS_BURST: 'test/e2e/guesses.spec.ts',
  LIMIT_PUSHES_PER_SECOND: 'test/e2e/push-rates.spec.ts',
  LIMIT_FAILED_LOGINS_MAX: 'test/e2e/guesses.spec.ts',
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
  PORT: 'test/launcher/dockerfile.spec.ts',
  HOST: 'test/launcher/dockerfile.spec.ts',
  PUBLIC_URL: 'test/e2e/accounts.spec.ts',
  ENDPOINTS: 'test/e2e/accounts.spec.ts',
  CORS_ORIGINS: 'src/platform/entry/http/http-door.spec.ts',
  TRUST_PROXY: 'test/e2e/guesses.spec.ts',
  SOCKET_TRANSPORTS: HERE,
  DOCS: 'test/e2e/published-face.spec.ts',
  MYSQL_URL: 'test/launcher/start.spec.ts',
  REDIS_URL: 'test/e2e/without-redis.spec.ts',
  REDIS_PREFIX: 'test/integration/shared-rates.spec.ts',
  MYSQL_POOL_SIZE: 'test/integration/pressure.spec.ts',
  MYSQL_TIMEOUT_MS: 'test/e2e/journeys/database-down.spec.ts',
  ENCRYPTION_KEY: 'test/launcher/backup.spec.ts',
  OPERATOR_TOKEN: 'test/e2e/guesses.spec.ts',
  AUTO_VERIFY_DEVELOPERS: 'test/e2e/accounts.spec.ts',
  PUSH_TIMEOUT_MS: 'test/integration/push-vendors.spec.ts',
};

/** Those that no test sets to a value of its own yet. It only gets shorter. */
const OWED = [
  'LIMIT_NEW_NAMES_PER_HOUR',
  'LIMIT_APP_NEW_NAMES_PER_HOUR',
  'LIMIT_PUSH_RECORD_DAYS',
  'REALTIME_DISCONNECT_BYTES',
  'REALTIME_OVERLOAD_LAG_MS',
  'REALTIME_DRAIN_MS',
  'HTTP_ANSWER_TIMEOUT_MS',
  'HTTP_CONNECTIONS_PER_ADDRESS',
  'HTTP_REQUESTS_PER_ADDRESS',
  'HTTP_UNREAD_BYTES',
  'METRICS_PORT',
  'APNS_URL',
  'FCM_URL',
  'HUAWEI_URL',
  'PUSH_CA',
];

const everyVariable = (): string[] => [
  ...Object.values(VARIABLES).flatMap((part) => Object.values(part)),
  ...Object.values(prefixed(LimitSettings, 'LIMIT_')),
  ...Object.values(prefixed(RealtimeSettings, 'REALTIME_')),
  ...Object.values(prefixed(WorkSettings, 'WORK_')),
];

describe('every variable', () => {
  it('has a test that shows what it changes', () => {
    expect([...Object.keys(PROOFS), ...OWED].sort()).toEqual(everyVariable().sort());
  });

  it.each(Object.entries(PROOFS))('%s is set to a value of its own in %s', (variable, file) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(new RegExp(`\\b${variable}\\b`));
  });
});
