import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { policyOf, ROUTE_ARGUMENTS, isShape, BODY, QUERY } from '../entry/http/route-policy';
import { Checked } from '../entry/http/shape.pipe';
import type { Shape } from '../entry/shapes';

export interface CataloguedRoute {
  body?: Shape;
  query?: Shape;
  /** Kinds of callers. */
  allowed: ReadonlySet<string>;
}

/** What each route takes and from whom, by `Controller.method`: read from the marks that the door itself obeys. */
@Injectable()
export class RouteCatalogue {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  routes(): Map<string, CataloguedRoute> {
    const routes = new Map<string, CataloguedRoute>();
    for (const { instance, metatype } of this.discovery.getControllers()) {
      if (!instance || typeof metatype !== 'function') continue;
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const { allowed } = policyOf(prototype[name]);
        if (allowed) routes.set(`${metatype.name}.${name}`, { allowed, ...shapesOf(metatype, prototype, name) });
      }
    }
    return routes;
  }
}

function shapesOf(controller: object, prototype: object, name: string): { body?: Shape; query?: Shape } {
  const types = (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[];
  const given = (Reflect.getMetadata(ROUTE_ARGUMENTS, controller, name) ?? {}) as Record<
    string,
    { index: number; pipes?: unknown[] }
  >;
  const shapes: { body?: Shape; query?: Shape } = {};
  for (const [key, { index, pipes = [] }] of Object.entries(given)) {
    const kind = Number(key.split(':')[0]);
    const type = pipes.find((pipe) => pipe instanceof Checked)?.shape ?? types[index];
    if (!isShape(type)) continue;
    if (kind === BODY) shapes.body = type;
    if (kind === QUERY) shapes.query = type;
  }
  return shapes;
}
