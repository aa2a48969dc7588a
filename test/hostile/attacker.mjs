/** One attacking process: gets the world, prepares, waits for the word, attacks, tells what it found. */
import { setPriority } from 'node:os';
import { requireTypeScript } from '../../scripts/lib/typescript.mjs';

/** Whoever shares the machine with an attacker is not to be slow for that. */
const NICE = 10;

setPriority(NICE);
process.on('disconnect', () => process.exit(0));

const [, , file] = process.argv;
const { probe } = requireTypeScript(import.meta.url)(file);
/** @returns {Promise<any>} */
const told = () => new Promise((resolve) => process.once('message', resolve));

/** What a probe asserted is a sentence; what it did not expect needs its stack. @param {any} error */
const inWords = (error) => (error?.code === 'ERR_ASSERTION' ? error.message : String(error?.stack ?? error));

process.send({ ready: true });
const { world } = await told();
try {
  const prepared = await probe.prepare?.(world);
  process.send({ prepared: true });
  await told();
  process.send({ said: (await probe.attack(world, prepared)) ?? '' });
} catch (error) {
  process.send({ failed: inWords(error) });
}
