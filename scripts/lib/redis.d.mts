import type { RedisBinaries } from './binaries.mjs';
import type { PrivateServer, PrivateServerOptions } from './service.mjs';

export function startRedis(
  options: PrivateServerOptions<RedisBinaries> & { settings?: string[] },
): Promise<PrivateServer>;
