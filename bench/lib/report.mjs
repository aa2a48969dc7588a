/** The end of a run: for people a table, for machines one JSON object. */
import { reached, TARGETS } from './targets.mjs';

/**
 * @typedef {{ id: string, value: number, details: Record<string, number>, discarded: number, trusted: boolean }} Measured
 * @typedef {{ id: string, skipped: string }} Skipped
 * @typedef {{ cpu: string, cores: number, memoryGiB: number, os: string, node: string, date: string }} Machine
 * @typedef {{ rows: number, acknowledged: number }} Account
 * @typedef {{ machine: Machine, commit: string, quick: boolean, figures: (Measured | Skipped)[], account?: Account }} Run
 */

const isMeasured = (/** @type {Measured | Skipped} */ figure) => !('skipped' in figure);

/** Digits that mean something, without exponents. @param {number} value */
export const readable = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** @param {Run} run */
export function toJson({ machine, commit, quick, figures, account }) {
  const measured = /** @type {Measured[]} */ (figures.filter(isMeasured));
  const skipped = /** @type {Skipped[]} */ (figures.filter((figure) => !isMeasured(figure)));
  return {
    machine,
    commit,
    quick,
    results: Object.fromEntries(
      measured.map(({ id, value }) => {
        const { floor, goal, better, against, unit } = TARGETS[id];
        return [id, { value: Number(value.toPrecision(4)), floor, goal, better, against, unit }];
      }),
    ),
    details: Object.fromEntries(
      measured.map(({ id, details, discarded, trusted }) => [id, { ...details, discardedSets: discarded, trusted }]),
    ),
    skipped: Object.fromEntries(skipped.map(({ id, skipped: why }) => [id, why])),
    ...(account && { account: { ...account, equal: account.rows === account.acknowledged } }),
  };
}

const VERDICTS = { goal: 'goal', floor: 'floor', below: 'BELOW' };

/** @param {Run} run */
export function toTable({ machine, commit, quick, figures, account }) {
  const rows = [['', 'figure', 'value', 'floor', 'goal', 'reached', 'against']];
  /** @type {string[]} */
  const notes = [];
  for (const figure of figures) {
    const target = TARGETS[figure.id];
    if ('skipped' in figure) {
      rows.push([figure.id, target.what, 'skipped', '', '', '', figure.skipped]);
      continue;
    }
    const sign = target.better === 'higher' ? '≥' : '≤';
    const verdict = VERDICTS[reached(figure.value, target)] + (figure.trusted ? '' : ' ?');
    const value = `${readable(figure.value)} ${target.unit}`;
    rows.push([
      figure.id,
      target.what,
      value,
      `${sign} ${target.floor}`,
      `${sign} ${target.goal}`,
      verdict,
      target.against,
    ]);
    const said = Object.entries(figure.details).map(([name, number]) => `${name} ${readable(number)}`);
    if (said.length > 0) notes.push(`  ${figure.id.padEnd(4)} ${said.join(' · ')}`);
    if (figure.discarded > 0)
      notes.push(`  ${figure.id.padEnd(4)} ${figure.discarded} sets thrown away: their references disagreed`);
    if (!figure.trusted)
      notes.push(
        `  ${figure.id.padEnd(4)} ? no set of this figure had references that agree; run it again on a quieter machine`,
      );
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
  const { cpu, cores, memoryGiB, os, node, date } = machine;
  return [
    `${date} · ${cpu} × ${cores}, ${memoryGiB} GiB · ${os} · Node ${node} · commit ${commit}${quick ? ' · quick' : ''}`,
    '',
    ...lines,
    '',
    ...notes,
    ...(account
      ? [
          `  ${account.acknowledged.toLocaleString('en')} messages acknowledged, ${account.rows.toLocaleString('en')} rows in the database`,
        ]
      : []),
  ].join('\n');
}
