export function sourcesHash(root: string): string;
export function ensureBuild(options: {
  root: string;
  log: (line: string) => void;
  signal?: AbortSignal;
  force?: boolean;
}): Promise<boolean>;
