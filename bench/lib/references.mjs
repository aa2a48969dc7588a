/** Reference servers: small programs of this folder, each in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('./measured.cjs', import.meta.url));

/** What every measured server is started with, the product too. */
export const MEASURED = ['--expose-gc', '--require', PRELOAD];

/**
 * `ask`: what a reference without a port measures by itself; `said`: what it told when it began.
 * @param {'echo' | 'post' | 'relay' | 'room' | 'queue' | 'apple'} name
 * @returns {Promise<{ pid: number, url: string, said: Record<string, unknown>, ask: (task: object) => Promise<{ rate: number }>, end: () => void }>}
 */
export function startReference(name) {
  const child = fork(fileURLToPath(new URL(`../references/${name}.mjs`, import.meta.url)), {
    execArgv: MEASURED,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the reference "${name}" ended (${code})`)));
    child.once('message', (/** @type {{ port: number }} */ { port, ...said }) =>
      resolve({
        said,
        pid: /** @type {number} */ (child.pid),
        url: `http://127.0.0.1:${port}`,
        ask: (task) =>
          new Promise((resolve) => {
            child.once('message', (/** @type {{ rate: number }} */ answer) => resolve(answer));
            child.send(task);
          }),
        end: () => child.disconnect(),
      }),
    );
  });
}
