/** Preloaded with --expose-gc into servers whose memory is measured: SIGUSR2 collects garbage, twice, so that it settles. */
process.on('SIGUSR2', () => {
  if (typeof globalThis.gc !== 'function') return;
  globalThis.gc();
  setTimeout(() => globalThis.gc(), 200);
});
