import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { PushVendorSettings } from './push-vendor-settings';
import {
  HttpSettings,
  LimitSettings,
  RealtimeSettings,
  SecuritySettings,
  Settings,
  StoreSettings,
  WorkSettings,
} from './settings';
import { prefixed, VARIABLES } from './variables';

const PREFIXED = {
  limits: prefixed(LimitSettings, 'LIMIT_'),
  realtime: prefixed(RealtimeSettings, 'REALTIME_'),
  work: prefixed(WorkSettings, 'WORK_'),
};

/** The environment variable of every setting. */
export const EVERY_VARIABLE: readonly string[] = Object.values({ ...VARIABLES, ...PREFIXED }).flatMap((part) =>
  Object.values<string>(part),
);

/** A push may ask its vendor for access first, then send; and its end has to be written. */
const LEASE_TIMEOUTS = 3;

/** Drops what is not set, so that a class's own default stands. */
const set = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));

const read = (variables: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Record<string, unknown> =>
  set(Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, env[variable]])));

/** What is wrong with one setting, by the name of its variable; a number that is none is that and nothing else. */
function problemsOf({ property, constraints = {} }: ValidationError, variables: Readonly<Record<string, string>>) {
  const texts = constraints.isInt ? [constraints.isInt] : Object.values(constraints);
  return texts.map((text) => text.replace(new RegExp(`\\b${property}\\b`), variables[property] ?? property));
}

/** Reads and checks every setting. Throws one error whose message lists each wrong variable and what it should be. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const settings = plainToInstance(Settings, read(VARIABLES.root, env));
  settings.production = env.NODE_ENV === 'production';
  const transports = env.SOCKET_TRANSPORTS === 'both' ? undefined : env.SOCKET_TRANSPORTS;
  settings.http = plainToInstance(HttpSettings, read(VARIABLES.http, { ...env, SOCKET_TRANSPORTS: transports }));
  settings.stores = plainToInstance(StoreSettings, read(VARIABLES.stores, env));
  settings.security = plainToInstance(SecuritySettings, read(VARIABLES.security, env));
  settings.push = plainToInstance(PushVendorSettings, read(VARIABLES.push, env));
  settings.limits = plainToInstance(LimitSettings, read(PREFIXED.limits, env));
  settings.realtime = plainToInstance(RealtimeSettings, read(PREFIXED.realtime, env));
  settings.work = plainToInstance(WorkSettings, read(PREFIXED.work, env));

  const sections: Readonly<Record<string, Readonly<Record<string, string>>>> = { ...VARIABLES, ...PREFIXED };
  const problems = validateSync(settings, { whitelist: true }).flatMap((error) => [
    ...problemsOf(error, VARIABLES.root),
    ...(error.children ?? []).flatMap((child) => problemsOf(child, sections[error.property] ?? {})),
  ]);
  if (settings.production && !settings.security.operatorToken) {
    problems.push('OPERATOR_TOKEN must be set in production (at least 24 random characters)');
  }
  if (settings.work.leaseMs < LEASE_TIMEOUTS * settings.push.timeoutMs) {
    problems.push(`WORK_LEASE_MS must be at least ${LEASE_TIMEOUTS} times PUSH_TIMEOUT_MS`);
  }
  if (problems.length > 0) {
    throw new Error(
      `The settings are not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nSee README.md, Settings.`,
    );
  }
  return settings;
}
