import type { Event, InvariantName } from './history';
import { INVARIANT_NAMES, INVARIANTS, type Violation } from './invariants';
import type { PlantedResult } from './planted';
import type { TrialResult } from './trial';

/** What `--json` prints. */
export interface Summary {
  attempted: number;
  acked: number;
  lost: number;
  duplicated: number;
  gaps: number;
  reordered: number;
  leaked: number;
  faults: number;
  seconds: number;
  seed: number;
  plantedBugs: { tried: number; caught: number };
}

export function summarise(
  trial: TrialResult | undefined,
  planted: readonly PlantedResult[],
  seed: number,
  seconds: number,
): Summary {
  const count = (...names: InvariantName[]): number =>
    trial?.violations.filter(({ invariant }) => names.includes(invariant)).length ?? 0;
  return {
    attempted: trial?.attempted ?? 0,
    acked: trial?.acked ?? 0,
    lost: count('I1', 'I7', 'I9', 'I10'),
    duplicated: count('I2', 'I3'),
    gaps: count('I4'),
    reordered: count('I5', 'I6', 'I8'),
    leaked: count('I11', 'I12'),
    faults: trial?.faults ?? 0,
    seconds,
    seed,
    plantedBugs: { tried: planted.length, caught: planted.filter(({ caught }) => caught).length },
  };
}

/** Each invariant with its verdict; of a broken one, the shortest histories that show it. */
export function verdicts(violations: readonly Violation[]): string {
  const lines = INVARIANT_NAMES.map((name) => {
    const broken = violations.filter(({ invariant }) => invariant === name);
    return `  ${name.padEnd(4)} ${broken.length === 0 ? 'holds ' : 'BROKEN'}  ${INVARIANTS[name].says}${broken.length > 0 ? ` (${broken.length}×)` : ''}`;
  });
  for (const name of INVARIANT_NAMES) {
    for (const { says, evidence } of violations.filter(({ invariant }) => invariant === name).slice(0, 3)) {
      lines.push('', `${name} (${INVARIANTS[name].says}) is broken: ${says}`);
      for (const event of evidence) lines.push(`    ${JSON.stringify(event)}`);
    }
  }
  return lines.join('\n');
}

export function plantedTable(planted: readonly PlantedResult[]): string {
  return planted
    .map(
      ({ name, invariant, caught, seconds, says }) =>
        `  ${caught ? 'caught' : 'MISSED'}  ${invariant.padEnd(4)} ${name.padEnd(28)} ${seconds.toFixed(0).padStart(3)} s  ${says}`,
    )
    .join('\n');
}

/** How often each refusal, each unknown outcome and each answer of a push vendor was seen. */
export function outcomes(events: readonly Event[]): string {
  const counts = new Map<string, number>();
  for (const event of events) {
    const what =
      event.type === 'send.fail'
        ? `refused ${event.code}`
        : event.type === 'send.info'
          ? `unknown ${event.reason}`
          : event.type === 'disc'
            ? `disconnected ${event.reason}`
            : event.type === 'push'
              ? `a vendor ${event.taken ? 'took' : 'did not take'} a push and ${event.status > 0 ? `said ${event.status}` : 'was silent'}`
              : undefined;
    if (what) counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 24)
    .map(([what, count]) => `  ${String(count).padStart(6)}  ${what}`)
    .join('\n');
}
