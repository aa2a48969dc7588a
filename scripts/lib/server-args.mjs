/**
 * What Node runs the server with, after its own name. A message's garbage lives for milliseconds: a larger young generation
 * (up to 3 × 64 MiB) lets nearly all of it die uncopied, and copying the rest on several threads costs more processor than
 * it saves time (docs/performance.md). The Dockerfile says the same.
 */
export const SERVER_ARGS = ['--enable-source-maps', '--max-semi-space-size=64', '--no-parallel-scavenge'];
