import type { Identity } from './processes.mjs';

export class Guard {
  constructor(options: { libDir: string; dir: string; remove?: string[] });
  watch(name: string, identity: Identity, role?: 'app' | 'server'): void;
  forget(name: string): void;
  dismiss(): Promise<void>;
}
