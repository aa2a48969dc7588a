/**
 * Preloaded with --expose-gc into the servers that are measured. Signals that nobody else uses (frameworks end a process
 * on SIGUSR2): SIGURG collects garbage, twice, so that it settles; SIGWINCH starts a CPU profile, and a second one ends it
 * and writes it to the file that BENCH_PROFILE names.
 */
const { renameSync, writeFileSync } = require('node:fs');
const { Session } = require('node:inspector');

process.on('SIGURG', () => {
  if (typeof globalThis.gc !== 'function') return;
  globalThis.gc();
  setTimeout(() => globalThis.gc(), 200);
});

/** @type {Session | undefined} */
let session;
process.on('SIGWINCH', () => {
  if (session) return finish(session);
  session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
});

/** @param {Session} profiled */
function finish(profiled) {
  session = undefined;
  profiled.post('Profiler.stop', (error, result) => {
    const path = process.env.BENCH_PROFILE;
    if (error || !path) throw error ?? new Error('BENCH_PROFILE names no file');
    // Whoever waits for the file gets all of it.
    writeFileSync(`${path}.part`, JSON.stringify(result.profile));
    renameSync(`${path}.part`, path);
    profiled.disconnect();
  });
}
