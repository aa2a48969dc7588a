/**
 * Preloaded with --expose-gc into the servers that are measured. Signals that nobody else uses (frameworks end a process
 * on SIGUSR2): SIGURG collects garbage, twice, so that it settles, and puts half-empty pages together, so that what stays
 * is what is held and not what the way there left behind; SIGWINCH starts a CPU profile, and a second one ends it and
 * writes it to the file that BENCH_PROFILE names.
 */
const { renameSync, writeFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const { setFlagsFromString } = require('node:v8');

process.on('SIGURG', () => {
  setFlagsFromString('--compact-on-every-full-gc');
  globalThis.gc?.();
  setTimeout(() => {
    globalThis.gc?.();
    setFlagsFromString('--no-compact-on-every-full-gc');
  }, 200);
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
