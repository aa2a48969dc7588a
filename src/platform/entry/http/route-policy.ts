import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import type { CallerKind } from '../../../kernel/caller';
import { ALLOW } from '../allow.decorator';
import type { BudgetName, RateSubjectKind } from '../budgets';
import { hasRate } from '../rate-limiter';
import { validatorOf, queryValidatorOf, type Shape } from '../shapes';
import type { StatusFrom } from './exchange';
import { RATE, STATUS_FROM, TAKES_PASSWORD } from './route-marks';

export type Handler = (...args: never[]) => unknown;

/** What the guard needs to know of a route, read once. */
export interface RoutePolicy {
  /** Undefined: nobody said, so nobody may. */
  allowed?: ReadonlySet<CallerKind | 'anyone'>;
  statusFrom?: StatusFrom;
  rate: BudgetName | 'none';
  takesBody: boolean;
  takesPassword: boolean;
}

/** Nest's own names for what its decorators store. */
const PATH = 'path';
const ROUTE_ARGUMENTS = '__routeArguments__';
export const BODY = 3;
export const QUERY = 4;

interface RouteArgument {
  /** `BODY`, `QUERY`, or another of Nest's numbers. */
  kind: number;
  index: number;
  data?: unknown;
  pipes?: unknown[];
}

/** What a route is given of its request. */
export function argumentsOf(controller: object, name: string): RouteArgument[] {
  const given = (Reflect.getMetadata(ROUTE_ARGUMENTS, controller, name) ?? {}) as Record<string, RouteArgument>;
  return Object.entries(given).map(([key, argument]) => ({ ...argument, kind: Number(key.split(':')[0]) }));
}

const policies = new WeakMap<object, RoutePolicy>();

export function policyOf(handler: Handler, controller: object): RoutePolicy {
  let policy = policies.get(handler);
  if (!policy) {
    const kinds = Reflect.getMetadata(ALLOW, handler) as (CallerKind | 'anyone')[] | undefined;
    policy = {
      ...(kinds && kinds.length > 0 && { allowed: new Set(kinds) }),
      statusFrom: Reflect.getMetadata(STATUS_FROM, handler) as StatusFrom | undefined,
      rate: (Reflect.getMetadata(RATE, handler) as BudgetName | 'none' | undefined) ?? 'calls',
      takesPassword: Reflect.getMetadata(TAKES_PASSWORD, handler) === true,
      takesBody: argumentsOf(controller, handler.name).some(({ kind }) => kind === BODY),
    };
    policies.set(handler, policy);
  }
  return policy;
}

export const isShape = (type: unknown): type is Shape =>
  typeof type === 'function' && getMetadataStorage().getTargetValidationMetadatas(type, '', true, false).length > 0;

/** At start: every route says who may call it, at what rate, and what its input looks like, and every shape compiles; or no start. */
@Injectable()
export class RoutePolicies implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onApplicationBootstrap(): void {
    const problems = this.discovery.getControllers().flatMap(({ instance, metatype }) => {
      if (!instance || typeof metatype !== 'function') return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, Handler>;
      return this.scanner
        .getAllMethodNames(prototype)
        .filter((name) => Reflect.hasMetadata(PATH, prototype[name]))
        .flatMap((name) => problemsOf(metatype, prototype, name));
    });
    if (problems.length > 0)
      throw new Error(`These routes are not ready to be opened:\n  - ${problems.join('\n  - ')}`);
  }
}

function problemsOf(controller: object, prototype: Record<string, Handler>, name: string): string[] {
  const where = `${(controller as { name: string }).name}.${name}`;
  const { allowed, rate } = policyOf(prototype[name], controller);
  const problems = allowed ? [] : [`${where} does not say who may call it: add @Allow(...)`];
  for (const kind of allowed ?? []) {
    const subject: RateSubjectKind = kind === 'anyone' ? 'address' : kind;
    if (rate !== 'none' && !hasRate(rate, subject))
      problems.push(`${where}: the budget "${rate}" has no rate of ${subject}`);
  }
  const types = (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[];
  for (const { kind, index, data, pipes = [] } of argumentsOf(controller, name)) {
    if ((kind !== BODY && kind !== QUERY) || pipes.length > 0) continue;
    const type = types[index];
    if (data !== undefined || !isShape(type)) {
      problems.push(`${where}: argument ${index + 1} takes unchecked input; give it a DTO class`);
    } else if (kind === BODY) validatorOf(type);
    else queryValidatorOf(type);
  }
  return problems;
}
