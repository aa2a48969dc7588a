/** P8b: memory of an idle, authenticated connection, against one of ejabberd. */
import { pssOf } from '../lib/cpu.mjs';
import { logIn } from '../lib/xmpp-load.mjs';

export const name = 'P8';
export const title = 'memory of an idle connection, against ejabberd';

const CONNECTIONS = 4000;
/** Erlang collects a process that has nothing to do after a while. */
const SETTLE_MS = 5000;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const ejabberd = await context.ejabberd();
  if (!ejabberd) return [{ id: 'P8b', skipped: 'ejabberd is not installed' }];
  if (!context.kibAConnection) return [{ id: 'P8b', skipped: 'P8 was not measured in this run' }];
  const settled = async () => {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return pssOf(ejabberd.pids.ejabberd);
  };
  const clients = await logIn(ejabberd, CONNECTIONS / 5);
  try {
    const before = await settled();
    clients.push(...(await logIn(ejabberd, CONNECTIONS, CONNECTIONS / 5)));
    const kib = ((await settled()) - before) / (CONNECTIONS - CONNECTIONS / 5);
    const details = { connections: CONNECTIONS, 'KiB each': context.kibAConnection, 'ejabberd KiB': kib };
    return [{ id: 'P8b', value: context.kibAConnection / kib, details, discarded: 0, trusted: true }];
  } finally {
    for (const client of clients) client.close();
  }
}
