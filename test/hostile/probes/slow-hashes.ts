import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { must } from '../../../verify/rest';
import { defineProbe } from '../probe';
import { call, sleep } from '../tools';

const SECONDS = 5;
const A_SECOND = 45;
/** A slow hash takes a third of a second, and a stranger may find one under way. */
const STRANGER_MS = 5000;

/** Guesses at passwords and sign-ups, each of which costs a third of a second of a core. */
export const probe = defineProbe({
  promise: 'one address that floods logins and sign-ups is told to wait, and a stranger of another tenant logs in',
  seconds: 25,
  async prepare(world) {
    const { userId } = await must<{ userId: string }>(world.url, {
      method: 'POST',
      path: '/v1/users',
      authorization: world.fixed.server,
      body: { userId: `stranger-${randomUUID()}`, password: 'correct horse' },
    });
    return { appId: world.fixed.appId, userId, password: 'correct horse' };
  },
  async attack(world, stranger) {
    let refused = 0;
    const pending: Promise<void>[] = [];
    const flood = (n: number): Promise<void> => {
      const signUp = { email: `${n}@example.org`, password: 'abcdefg', name: 'x' };
      const guess = { appId: world.fixed.appId, account: `account-${n}`, password: `guess-${n}` };
      const asked =
        n % 3 === 0
          ? call(world, 'POST', '/v1/developers', { body: signUp })
          : call(world, 'POST', '/v1/sessions', { body: guess });
      return asked.then(
        ({ status }) => void (refused += status === 429 ? 1 : 0),
        () => undefined,
      );
    };
    let longest = 0;
    for (let n = 0; n < SECONDS * A_SECOND; n++) {
      pending.push(flood(n));
      if (n % A_SECOND === A_SECOND - 1) {
        // From the address of the honest, which is not that of the attackers.
        const started = performance.now();
        await must(world.url, { method: 'POST', path: '/v1/sessions', body: stranger });
        longest = Math.max(longest, performance.now() - started);
      }
      await sleep(1000 / A_SECOND);
    }
    await Promise.all(pending);
    assert(refused > 150, `only ${refused} of ${SECONDS * A_SECOND} were told to wait`);
    assert(longest < STRANGER_MS, `a stranger's login took ${longest.toFixed(0)} ms`);
    return `${refused} refused; a stranger's login took ${longest.toFixed(0)} ms at most`;
  },
});
