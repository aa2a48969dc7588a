import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const LINE = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/;

/**
 * Every route that the running server answers, as `METHOD /path/:parameter`: read from the router itself, so that
 * nothing can be open without being here. HEAD goes with GET.
 */
export function routesOf(app: NestFastifyApplication): string[] {
  const table = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const routes: string[] = [];
  const above: string[] = [];
  for (const line of table.split('\n')) {
    if (line.trim() === '') continue;
    const found = LINE.exec(line);
    if (!found) throw new Error(`the route table is written in another way now: "${line}"`);
    const [, indent = '', part = '', methods = ''] = found;
    const depth = indent.length / 4;
    above.length = depth;
    const path = above.join('') + part;
    above.push(part);
    for (const method of methods.split(', ')) if (method && method !== 'HEAD') routes.push(`${method} ${path}`);
  }
  return routes.sort();
}
