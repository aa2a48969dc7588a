import type { Identity } from './processes.mjs';

export interface Holder extends Identity {
  parent?: Identity;
}
export interface Lock {
  release(): void;
  recovered?: Holder;
}
export function takeLock(
  path: string,
  options?: { parent?: Identity; waitMs?: number },
): Promise<{ lock: Lock } | { holder: Holder }>;
