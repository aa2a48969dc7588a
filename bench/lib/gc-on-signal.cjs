/**
 * Preloaded with --expose-gc into servers whose memory is measured: SIGURG collects garbage, twice, so that it settles.
 * That signal is nobody else's: frameworks end a process on SIGUSR2.
 */
process.on('SIGURG', () => {
  if (typeof globalThis.gc !== 'function') return;
  globalThis.gc();
  setTimeout(() => globalThis.gc(), 200);
});
