export interface DatabaseBinaries {
  server: string;
  installDb?: string;
  basedir?: string;
  flavor: 'mariadb' | 'mysql';
  env: NodeJS.ProcessEnv;
}
export interface RedisBinaries {
  server: string;
  env: NodeJS.ProcessEnv;
}
export interface DumpBinaries {
  dump: string;
  client: string;
  flavor: 'mariadb' | 'mysql';
  env: NodeJS.ProcessEnv;
}
export interface Binaries {
  database?: DatabaseBinaries;
  redis?: RedisBinaries;
  dump?: DumpBinaries;
}
export type Need = 'database' | 'redis' | 'dump';
export function findBinaries(options?: { searchPath?: string[]; unpackedIn?: string }): Binaries;
export function ensureBinaries(options: {
  needs: Need[];
  dataDir: string;
  log: (line: string) => void;
  signal?: AbortSignal;
  searchPath?: string[];
  toolPath?: string[];
  dpkgStatus?: string;
  uid?: number;
}): Promise<Binaries>;
