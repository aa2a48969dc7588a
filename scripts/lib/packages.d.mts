export function packagesAreCurrent(root: string): boolean;
export function ensurePackages(options: {
  root: string;
  log: (line: string) => void;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}): Promise<boolean>;
