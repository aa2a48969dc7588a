export interface LoadOptions {
  url: string;
  appId: string;
  appSecret: string;
  users: number;
  /** Messages a second of all users together. */
  rate: number;
  /** Bytes of text, taken in turn. */
  sizes: number[];
  durationMs: number;
  rampMs: number;
  json: boolean;
  keep: boolean;
  help: boolean;
}
export const USAGE: string;
export class UsageError extends Error {}
export function readOptions(args: string[], env: NodeJS.ProcessEnv): LoadOptions;
