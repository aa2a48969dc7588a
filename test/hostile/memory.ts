import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const SAMPLE_MS = 100;

/** What a process holds of the machine's memory, in MB; undefined when it is gone. */
export function residentMegabytes(pid: number): number | undefined {
  try {
    if (process.platform === 'linux') {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    }
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
  } catch {
    return undefined;
  }
}

/** Watches until it is stopped. @returns the peak in MB */
export function watchMemory(pid: number): () => number {
  let peak = residentMegabytes(pid) ?? 0;
  const timer = setInterval(() => (peak = Math.max(peak, residentMegabytes(pid) ?? 0)), SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return Math.max(peak, residentMegabytes(pid) ?? 0);
  };
}
