/** `npm run backup [-- FILE] [--compose]`: the whole database in one file, while everything runs. */
import { join, resolve } from 'node:path';
import { backUp } from './lib/backup.mjs';
import { backupCommand } from './lib/backup-command.mjs';
import { openPlace } from './lib/backup-place.mjs';
import { keepTheKey } from './lib/messages.mjs';

await backupCommand({ name: 'backup' }, async (context, { values, positionals }) => {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const file = resolve(positionals[0] ?? join('backups', `parley-${time}.sql.gz`));
  const place = await openPlace(context, { compose: values.compose, alone: false });
  try {
    await backUp(place, file, context);
    context.log(keepTheKey);
  } finally {
    await place.close();
  }
});
