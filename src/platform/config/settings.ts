import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { MYSQL_EXAMPLE, MYSQL_PROTOCOLS } from './database-url';
import { PushVendorSettings } from './push-vendor-settings';
import { StoreUrl } from './store-url';

const URL_OPTIONS = { require_tld: false, require_protocol: true };
const list = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
    : value,
);
const flag = Transform(({ value }: { value: unknown }) =>
  value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value,
);

/** Which parts of the one image this process runs. */
export type Role = 'api' | 'worker' | 'all';

export class HttpSettings {
  /** TCP port of REST, sockets and docs. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65535)
  port = 3000;

  /** Address to listen on. Only this machine unless told otherwise. */
  @IsString()
  host = '127.0.0.1';

  /** How clients reach this deployment, when it is behind a proxy. */
  @IsOptional()
  @IsUrl(URL_OPTIONS)
  publicUrl?: string;

  /** Told to clients at login, so that they can connect without DNS (Y31); empty: `publicUrl`, and without it nothing. */
  @list
  @IsArray()
  @IsUrl(URL_OPTIONS, { each: true })
  endpoints: string[] = [];

  /** Browser origins allowed; empty: same origin only. `*` for any. */
  @list
  @IsArray()
  @IsString({ each: true })
  corsOrigins: string[] = [];

  /** Number of proxies whose X-Forwarded-For is believed. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(10)
  trustProxy = 0;

  @list
  @IsIn(['websocket', 'polling'], { each: true })
  socketTransports: ('websocket' | 'polling')[] = ['polling', 'websocket'];

  /** Port of /metrics, open to whoever reaches it; 0 serves it on the main port, to the operator's token only. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65535)
  metricsPort = 0;

  /** /docs can be closed. */
  @flag
  @IsBoolean()
  docs = true;

  /** HTTP connections of one address, sockets not counted; four times as many of all. Not by address behind TRUST_PROXY. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  connectionsPerAddress = 5000;

  /** Requests of one address that are worked on at once; four times as many of all. Beyond it: BUSY. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  requestsPerAddress = 1000;

  /**
   * Bytes of answers that a connection may leave unread and still ask for more; sixteen times as many of one address, and
   * 64 times of all, before those are ended that hold most.
   */
  @Type(() => Number)
  @IsInt()
  @Min(65_536)
  unreadBytes = 1024 * 1024;

  /** How long a client may take nothing of an answer before its connection is ended. Milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(1000)
  answerTimeoutMs = 10_000;
}

export class StoreSettings {
  @StoreUrl(MYSQL_PROTOCOLS, MYSQL_EXAMPLE)
  mysqlUrl!: string;

  @StoreUrl(['redis:', 'rediss:'], 'redis://host:6379')
  redisUrl!: string;

  /** Prefix of every key and channel in Redis, so that deployments can share one. */
  @IsString()
  redisPrefix = 'parley';

  /** Connections of this process; what waits for one waits in order. Migrations open a few of their own. */
  @Type(() => Number)
  @IsInt()
  @Min(2)
  @Max(500)
  poolSize = 20;

  /** How long the database may keep anybody waiting, for a connection or for an answer; then they are told RETRY. Milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(500)
  timeoutMs = 5000;
}

export class SecuritySettings {
  /** 32 random bytes in base64: seals secrets at rest. Losing it loses every sealed secret. */
  @Matches(/^[A-Za-z0-9+/_-]{43}=?$/, {
    message: 'ENCRYPTION_KEY must be 32 random bytes in base64: openssl rand -base64 32',
  })
  encryptionKey!: string;

  /** The operator's bearer token. */
  @IsOptional()
  @IsString()
  @MinLength(24, { message: 'OPERATOR_TOKEN must have at least 24 characters' })
  operatorToken?: string;

  /** Approve developers as soon as they ask for verification. */
  @flag
  @IsBoolean()
  autoVerifyDevelopers = false;
}

/** Ceilings (contract.md, Errors); published at GET /v1/limits. Rates are per second where the name says nothing else. */
export class LimitSettings {
  @Type(() => Number) @IsInt() @Min(1024) frameBytes = 64 * 1024;
  @Type(() => Number) @IsInt() @Min(1) textBytes = 8 * 1024;
  @Type(() => Number) @IsInt() @Min(1) extBytes = 4 * 1024;
  @Type(() => Number) @IsInt() @Min(1) thumbnailBytes = 32 * 1024;
  /** A page of any list, and an answer to a sync; more only where one item alone is larger. */
  @Type(() => Number) @IsInt() @Min(4096) pageBytes = 256 * 1024;
  @Type(() => Number) @IsInt() @Min(1) userSendsPerSecond = 50;
  @Type(() => Number) @IsInt() @Min(1) userSendsBurst = 200;
  @Type(() => Number) @IsInt() @Min(1) roomSendsPerSecond = 200;
  /** Sends of one app server. */
  @Type(() => Number) @IsInt() @Min(1) appSendsPerSecond = 2000;
  @Type(() => Number) @IsInt() @Min(1) appSendsBurst = 4000;
  /** Every other event and call of one user, of one app server, of one developer. */
  @Type(() => Number) @IsInt() @Min(1) callsPerSecond = 100;
  @Type(() => Number) @IsInt() @Min(1) callsBurst = 400;
  @Type(() => Number) @IsInt() @Min(1) loginsPerSecond = 50;
  @Type(() => Number) @IsInt() @Min(1) loginsBurst = 200;
  /** What a user tells others that is stored nowhere, `typing` above all. */
  @Type(() => Number) @IsInt() @Min(1) signalsPerSecond = 10;
  @Type(() => Number) @IsInt() @Min(1) signalsBurst = 50;
  /** Sockets that one user opens. */
  @Type(() => Number) @IsInt() @Min(1) handshakesPerSecond = 2;
  @Type(() => Number) @IsInt() @Min(1) handshakesBurst = 100;
  /** Groups and rooms made: by one user, by one app server. */
  @Type(() => Number) @IsInt() @Min(1) creationsPerHour = 100;
  @Type(() => Number) @IsInt() @Min(1) appCreationsPerHour = 10_000;
  /** Users created implicitly (messaged, or added to a group, before their first login): by one user, by one app server. */
  @Type(() => Number) @IsInt() @Min(1) newNamesPerHour = 60;
  @Type(() => Number) @IsInt() @Min(1) appNewNamesPerHour = 10_000;
  /** Passwords tried or set from one address. */
  @Type(() => Number) @IsInt() @Min(1) passwordsPerSecond = 1;
  @Type(() => Number) @IsInt() @Min(1) passwordsBurst = 10;
  /** Passwords set by one app server; a batch of users that chooses more than the burst never fits. */
  @Type(() => Number) @IsInt() @Min(1) appPasswordsPerSecond = 5;
  @Type(() => Number) @IsInt() @Min(1) appPasswordsBurst = 200;
  /** Pushes of one app, by all workers together. */
  @Type(() => Number) @IsInt() @Min(1) pushesPerSecond = 2000;
  /** Days that push delivery records are kept. */
  @Type(() => Number) @IsInt() @Min(1) pushRecordDays = 30;
  /** Active sessions of one user; beyond it the oldest logins without a device are ended. */
  @Type(() => Number) @IsInt() @Min(100) sessionsPerUser = 200;
  /** Wrong passwords per address and account in 15 minutes; then the address waits, not the account. */
  @Type(() => Number) @IsInt() @Min(1) failedLoginsMax = 20;
}

export class RealtimeSettings {
  /** Engine.IO heartbeat, told to clients in the handshake (Y29). Milliseconds. */
  @Type(() => Number) @IsInt() @Min(1000) pingIntervalMs = 25_000;
  @Type(() => Number) @IsInt() @Min(1000) pingTimeoutMs = 20_000;
  /** Bytes waiting for one socket: above `lagging` live frames stop, above `disconnect` it is closed (protocol.md §2.10). */
  @Type(() => Number) @IsInt() @Min(16_384) laggingBytes = 256 * 1024;
  @Type(() => Number) @IsInt() @Min(65_536) disconnectBytes = 1024 * 1024;
  @Type(() => Number) @IsInt() @Min(1000) laggingMs = 30_000;
  /** Nobody new is let in while the event loop is this late (p99, two seconds in a row). Milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(10)
  overloadLagMs = 200;
  /**
   * How long the proof of a credential is used without asking the database again, and how long a revocation waits at most
   * for nodes that do not confirm it. Milliseconds, less than the 3 s after which a silent node counts as gone.
   */
  @Type(() => Number) @IsInt() @Min(100) @Max(2500) proofLeaseMs = 2000;
  /** How long SIGTERM waits for what is under way. */
  @Type(() => Number) @IsInt() @Min(0) drainMs = 10_000;
}

/** Background work, whichever process does it. */
export class WorkSettings {
  /**
   * How long what a worker took is left to it; then it counts as dead, and others go on. Milliseconds, longer than any
   * page of recipients takes and than a vendor's answer may be waited for.
   */
  @Type(() => Number) @IsInt() @Min(1000) leaseMs = 30_000;
}

export class Settings {
  @IsIn(['api', 'worker', 'all'])
  role: Role = 'all';

  @flag
  @IsBoolean()
  production = false;

  /** True when the launcher runs a private database for us: the first start then creates the quickstart data. */
  @flag
  @IsBoolean()
  embedded = false;

  /** Folder for what this process writes besides the database. */
  @IsString()
  dataDir = '.data';

  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
  logLevel = 'info';

  @ValidateNested() http!: HttpSettings;
  @ValidateNested() stores!: StoreSettings;
  @ValidateNested() security!: SecuritySettings;
  @ValidateNested() limits!: LimitSettings;
  @ValidateNested() realtime!: RealtimeSettings;
  @ValidateNested() work!: WorkSettings;
  @ValidateNested() push!: PushVendorSettings;
}
