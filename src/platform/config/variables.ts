type Variables = Readonly<Record<string, string>>;

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** LIMIT_TEXT_BYTES for textBytes, REALTIME_DRAIN_MS for drainMs: every setting that the class has. */
export const prefixed = (type: new () => object, prefix: string): Variables =>
  Object.fromEntries(Object.keys(new type()).map((name) => [name, prefix + snake(name)]));

/** The environment variable of each setting that does not follow from the setting's name. */
export const VARIABLES = {
  root: { role: 'ROLE', embedded: 'PARLEY_EMBEDDED', dataDir: 'DATA_DIR', logLevel: 'LOG_LEVEL' },
  http: {
    port: 'PORT',
    host: 'HOST',
    publicUrl: 'PUBLIC_URL',
    endpoints: 'ENDPOINTS',
    corsOrigins: 'CORS_ORIGINS',
    trustProxy: 'TRUST_PROXY',
    socketTransports: 'SOCKET_TRANSPORTS',
    metricsPort: 'METRICS_PORT',
    docs: 'DOCS',
    connectionsPerAddress: 'HTTP_CONNECTIONS_PER_ADDRESS',
    requestsPerAddress: 'HTTP_REQUESTS_PER_ADDRESS',
    unreadBytes: 'HTTP_UNREAD_BYTES',
    answerTimeoutMs: 'HTTP_ANSWER_TIMEOUT_MS',
  },
  stores: {
    mysqlUrl: 'MYSQL_URL',
    redisUrl: 'REDIS_URL',
    redisPrefix: 'REDIS_PREFIX',
    poolSize: 'MYSQL_POOL_SIZE',
    timeoutMs: 'MYSQL_TIMEOUT_MS',
  },
  security: {
    encryptionKey: 'ENCRYPTION_KEY',
    operatorToken: 'OPERATOR_TOKEN',
    autoVerifyDevelopers: 'AUTO_VERIFY_DEVELOPERS',
  },
  push: {
    apnsUrl: 'APNS_URL',
    fcmUrl: 'FCM_URL',
    huaweiUrl: 'HUAWEI_URL',
    ca: 'PUSH_CA',
    timeoutMs: 'PUSH_TIMEOUT_MS',
  },
} as const satisfies Record<string, Variables>;
