/** What processes cost, from /proc: CPU of all their threads, and the memory that is theirs. Linux only. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = (() => {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
})();

/** Microseconds of CPU (user and system, every thread, finished ones too) since the process began. @param {number} pid */
export function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces, so the fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
}

/** @template {string} K @param {Record<K, number>} pids @returns {Record<K, number>} */
export const cpusOf = (pids) =>
  /** @type {Record<K, number>} */ (Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuOf(pid)])));

/** Proportional set size in KiB: memory of this process, with what it shares divided among the sharers. @param {number} pid */
export function pssOf(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN);
}

/** Files a process started from here may open. */
export function openFilesMax() {
  const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[2] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[2] ?? 1024);
}
