/** Threads start with the options of the process that starts them; in tests one of these reads TypeScript. */
process.execArgv = [...process.execArgv, '--require', require.resolve('./typescript.cjs')];
