import type { ConnectionState } from './connection';
import type { Engine } from './engine';
import { ParleyError } from './errors';

type Watched = Pick<Engine, 'connection' | 'emitter'>;

/** Why no further attempt follows by itself, where that is so. */
function refusalOf(state: ConnectionState, definite: boolean): ParleyError | undefined {
  if (state.name !== 'connect-failed' || !state.final) return undefined;
  return new ParleyError(state.code, state.text, { definite });
}

/** Settles with the attempt that is under way: rejects when it was the last one, resolves however else it ended. */
export function attempted({ connection, emitter }: Watched): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (state: ConnectionState): void => {
      if (state.name === 'connecting') return;
      off();
      const refusal = refusalOf(state, true);
      if (refusal) reject(refusal);
      else resolve();
    };
    const off = emitter.on('state', ended);
    ended(connection.state);
  });
}

/**
 * What became of something queued, or why nobody goes on trying now. That is not definite: it stays queued, and the next
 * start sends it.
 */
export function whileTried<T>(outcome: Promise<T>, { connection, emitter }: Watched): Promise<T> {
  return new Promise((resolve, reject) => {
    const givenUp = (state: ConnectionState): void => {
      const refusal = refusalOf(state, false);
      if (refusal) reject(refusal);
    };
    const off = emitter.on('state', givenUp);
    outcome.then(resolve, reject).finally(off);
    givenUp(connection.state);
  });
}
