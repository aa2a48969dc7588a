import type { LoggerService } from '@nestjs/common';
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { Settings } from '../config/settings';
import { LogSink } from './log-sink';

/** What people wrote, and what proves who they are, is in no log. Three levels deep, wherever it stands. */
const NEVER = [
  'authorization',
  'cookie',
  'password',
  'token',
  'authToken',
  'appToken',
  'secret',
  'appSecret',
  'body',
  'ext',
  'text',
];
const CENSORED = NEVER.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

const CAUSES_MAX = 3;

/**
 * An error without its extra fields: a driver's error carries the statement with every value in it, and its message may
 * quote one, so of such an error only the code is told.
 */
export function loggedError(error: unknown, depth = 0): LoggedError | undefined {
  if (!(error instanceof Error) || depth > CAUSES_MAX) return undefined;
  const { code } = error as { code?: unknown };
  const ofDatabase = 'sqlMessage' in error || 'driverError' in error;
  const known = typeof code === 'string' ? code : undefined;
  const message = ofDatabase ? `the database refused a statement: ${known ?? 'no code'}` : error.message;
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  const cause = loggedError(error.cause, depth + 1);
  return {
    type: error.name,
    message,
    ...(known !== undefined && { code: known }),
    stack: [`${error.name}: ${message}`, ...frames].join('\n'),
    ...(cause && { cause }),
  };
}

export const logOptions = ({ logLevel }: Pick<Settings, 'logLevel'>): LoggerOptions => ({
  level: logLevel,
  base: { pid: process.pid },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  redact: { paths: CENSORED, censor: '[redacted]' },
  serializers: { err: (error: unknown) => loggedError(error), cause: (error: unknown) => loggedError(error) },
});

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
/** Nest tells of every module and route at each start. */
const CHATTY = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** Nest's logger over pino: JSON lines on stdout. `logger.warn({ err, … }, 'what happened')` keeps the fields. */
export class JsonLog implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log = (...args: unknown[]) => this.write('info', args);
  error = (...args: unknown[]) => this.write('error', args);
  warn = (...args: unknown[]) => this.write('warn', args);
  debug = (...args: unknown[]) => this.write('debug', args);
  verbose = (...args: unknown[]) => this.write('trace', args);
  fatal = (...args: unknown[]) => this.write('fatal', args);

  /** Nest hands on what was logged, then perhaps a stack, and last the context: the name of who logs. */
  private write(asked: Level, args: unknown[]): void {
    const [what, ...rest] = args;
    const context = rest.length > 0 && typeof rest[rest.length - 1] === 'string' ? (rest.pop() as string) : undefined;
    const level = asked === 'info' && context !== undefined && CHATTY.has(context) ? 'debug' : asked;
    if (!this.pino.isLevelEnabled(level)) return;
    const text = rest.find((part): part is string => typeof part === 'string');
    if (what instanceof Error) this.pino[level]({ context, err: what }, what.name);
    else if (typeof what === 'object' && what !== null) this.pino[level]({ context, ...what }, text);
    else if (text !== undefined && level === 'error') this.pino.error({ context, stack: text }, String(what));
    else this.pino[level]({ context }, String(what));
  }
}

export const createLog = (settings: Pick<Settings, 'logLevel'>): JsonLog =>
  new JsonLog(pino(logOptions(settings), new LogSink()));
