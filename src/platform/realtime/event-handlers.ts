import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { UserCaller } from '../../kernel/caller';
import { CLIENT_EVENTS } from '../../kernel/contracts/socket-events';
import type { BudgetName } from '../entry/budgets';
import { hasRate } from '../entry/rate-limiter';
import { type Shape, validatorOf, type Validator } from '../entry/shapes';
import type { Connection } from './connection';
import { ON, type OnMark } from './on.decorator';

export interface EventHandler {
  readonly event: string;
  /** Class and method, for the log. */
  readonly where: string;
  readonly rate: BudgetName;
  readonly large: boolean;
  readonly check: Validator<object>;
  readonly call: (caller: UserCaller, data: object, connection: Connection) => unknown;
}

/** Finds the methods marked `@On` once, at start, and pairs each with the compiled validator of its DTO. */
@Injectable()
export class EventHandlers {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * @param everyEvent false only where a test harness holds some of the modules
   * @throws Error listing every event without a handler or with two
   */
  find(everyEvent: boolean): Map<string, EventHandler> {
    const handlers = new Map<string, EventHandler>();
    const problems: string[] = [];
    for (const handler of this.marked()) {
      const rival = handlers.get(handler.event);
      if (rival) problems.push(`${handler.event} has two handlers: ${rival.where} and ${handler.where}`);
      handlers.set(handler.event, handler);
    }
    if (everyEvent) {
      for (const event of CLIENT_EVENTS) if (!handlers.has(event)) problems.push(`${event} has no handler`);
    }
    if (problems.length > 0) throw new Error(`The socket events are not right:\n  - ${problems.join('\n  - ')}`);
    return handlers;
  }

  private *marked(): Iterable<EventHandler> {
    for (const { instance } of this.discovery.getProviders() as { instance?: unknown }[]) {
      if (typeof instance !== 'object' || instance === null) continue;
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (!prototype || prototype === Object.prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const mark = Reflect.getMetadata(ON, prototype, name) as OnMark | undefined;
        if (mark) yield this.handler(mark, instance, prototype, name);
      }
    }
  }

  private handler({ event, rate, large }: OnMark, instance: object, prototype: object, name: string): EventHandler {
    const where = `${instance.constructor.name}.${name}`;
    const types = Reflect.getMetadata('design:paramtypes', prototype, name) as (Shape | undefined)[] | undefined;
    const shape = types?.[1];
    if (!shape || shape === (Object as unknown)) {
      throw new Error(`${where} handles ${event}: its second parameter must be a DTO class, which says the shape`);
    }
    if (!hasRate(rate, 'user')) throw new Error(`${where} handles ${event}: the budget "${rate}" has no rate of user`);
    const method = (instance as Record<string, (...args: unknown[]) => unknown>)[name];
    return { event, where, rate, large, check: validatorOf(shape), call: method.bind(instance) };
  }
}
