export interface Identity {
  pid: number;
  startedAt: string;
}
export function startTimeOf(pid: number): string | undefined;
export function identityOf(pid: number): Identity | undefined;
export function isAlive(identity: Identity | undefined): boolean;
export function sleep(ms: number): Promise<void>;
