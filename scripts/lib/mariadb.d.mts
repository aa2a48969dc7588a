import type { DatabaseBinaries } from './binaries.mjs';
import type { PrivateServer, PrivateServerOptions } from './service.mjs';

export function databaseDir(dir: string): string;
export function startMariadb(
  options: PrivateServerOptions<DatabaseBinaries> & {
    bufferPool?: string;
    mayCreateDatabases?: boolean;
    args?: string[];
  },
): Promise<PrivateServer & { socket: string }>;
