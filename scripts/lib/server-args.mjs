/**
 * What Node runs the server with, after its own name. A message's garbage lives for milliseconds: a young generation of up
 * to 3 × 32 MiB, twice the default, lets more of it die uncopied. A larger one, or one thread to copy it, saves no more and
 * doubles the longest pauses (docs/performance.md). The Dockerfile says the same.
 */
export const SERVER_ARGS = ['--enable-source-maps', '--max-semi-space-size=32'];
