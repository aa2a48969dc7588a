/** `npm run restore -- FILE [--yes] [--compose]`: a backup in the place of what the database holds. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { restore } from './lib/backup.mjs';
import { backupCommand } from './lib/backup-command.mjs';
import { openPlace } from './lib/backup-place.mjs';
import { LauncherError, notAgreed, whichBackup } from './lib/messages.mjs';

const ANSWER = 'replace';

await backupCommand({ name: 'restore' }, async (context, { values, positionals }) => {
  if (positionals.length !== 1) throw new LauncherError(whichBackup);
  const place = await openPlace(context, { compose: values.compose, alone: true });
  /** @param {number} tables */
  const agreed = async (tables) => {
    const what = `The database ${place.name} holds ${tables} tables; all of them are replaced.`;
    if (values.yes) return true;
    if (!process.stdin.isTTY) throw new LauncherError(notAgreed(what), { code: 'NOT_AGREED' });
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await lines.question(`${what} Type "${ANSWER}" to go on: `, { signal: context.signal });
    lines.close();
    return answer.trim() === ANSWER;
  };
  try {
    await restore(place, resolve(positionals[0]), { ...context, agreed });
  } finally {
    await place.close();
  }
});
