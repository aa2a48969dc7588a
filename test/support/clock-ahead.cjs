// Preloaded into a process whose machine's clock is to be wrong: NODE_OPTIONS=--require, CLOCK_AHEAD_MS.
const ahead = Number(process.env.CLOCK_AHEAD_MS ?? 0);
const Right = Date;
globalThis.Date = class extends Right {
  constructor(...args) {
    if (args.length === 0) super(Right.now() + ahead);
    else super(...args);
  }
  static now() {
    return Right.now() + ahead;
  }
};
