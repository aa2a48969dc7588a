import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { argumentsOf, BODY, type Handler, isShape, policyOf, QUERY } from '../entry/http/route-policy';
import { Checked } from '../entry/http/shape.pipe';
import type { Shape } from '../entry/shapes';

export interface CataloguedRoute {
  body?: Shape;
  /** The body may be a list of this many as well. */
  orMany?: number;
  query?: Shape;
  /** 201, or 200 as its answer says (`@StatusFrom`). */
  hasTwoStatuses: boolean;
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
      const prototype = Object.getPrototypeOf(instance) as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const { allowed, statusFrom } = policyOf(prototype[name], metatype);
        if (!allowed) continue;
        const hasTwoStatuses = statusFrom !== undefined;
        routes.set(`${metatype.name}.${name}`, { allowed, hasTwoStatuses, ...shapesOf(metatype, prototype, name) });
      }
    }
    return routes;
  }
}

type Taken = Pick<CataloguedRoute, 'body' | 'orMany' | 'query'>;

function shapesOf(controller: object, prototype: object, name: string): Taken {
  const types = (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[];
  const shapes: Taken = {};
  for (const { kind, index, pipes = [] } of argumentsOf(controller, name)) {
    const checked = pipes.find((pipe) => pipe instanceof Checked);
    const type = checked?.shape ?? types[index];
    if (!isShape(type)) continue;
    if (kind === BODY) Object.assign(shapes, { body: type, orMany: checked?.orMany });
    if (kind === QUERY) shapes.query = type;
  }
  return shapes;
}
