import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { asUser, call, logIn, mustCall, openSocket, sleep } from '../tools';

const DEVICES = 300;
const LOGINS = 400;
/** Standing logins of a user, and those that came since the last look. */
const STANDING_MAX = 200 + 16;

/** Rows without end: ever new devices of one login, ever new logins of one user. */
export const probe = defineProbe({
  promise: 'a login that shows ever new devices, and a user who logs in for ever, are bounded in rows',
  seconds: 25,
  prepare: (world) => logIn(world, 'row-maker'),
  async attack(world, token) {
    let bound = 0;
    for (let n = 0; n < DEVICES; n++) {
      const socket = await openSocket(world);
      socket.send(`40${JSON.stringify({ token, device: { id: `device-${n}`, platform: 'web' } })}`);
      const answer = await Promise.race([
        socket.hears((heard) => heard.startsWith('40{') || heard.startsWith('44')).then(String),
        sleep(2000).then(() => ''),
      ]).catch(() => '');
      if (answer.startsWith('40{')) bound++;
      socket.tcp.destroy();
    }
    let last = token;
    for (let n = 0; n < LOGINS; n++) {
      const { json, status } = await call(world, 'POST', '/v1/sessions', {
        body: { appId: world.arbitrary.appId, appToken: world.arbitrary.appToken, userId: 'row-maker' },
      });
      if (status === 201) last = (json as { token: string }).token;
      else await sleep(20);
    }
    await sleep(500);
    let standing = 0;
    for (let cursor = ''; ;) {
      const path = `/v1/users/row-maker/sessions?limit=100${cursor}`;
      const page = await mustCall<{ items: unknown[]; nextCursor?: string }>(world, 'GET', path, asUser(last));
      standing += page.items.length;
      if (!page.nextCursor) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    assert(standing <= STANDING_MAX, `${standing} logins of one user stand`);
    return `${bound} of ${DEVICES} devices came in, ${standing} logins stand`;
  },
});
