/**
 * What the launcher says, in English and Chinese, in one place. A failure the user can act on is a `LauncherError`:
 * its text is printed alone, without a stack.
 */
export class LauncherError extends Error {
  /** @param {string} message @param {{ code?: string }} [options] */
  constructor(message, options = {}) {
    super(message);
    this.name = 'LauncherError';
    this.code = options.code ?? 'LAUNCHER';
  }
}

/** The caller asked to stop while something was still being prepared. */
export class StoppedError extends Error {
  constructor() {
    super('stopped');
    this.name = 'StoppedError';
  }
}

/** @typedef {(line: string) => void} Log */

/** @type {Log} Progress goes to stderr, so that stdout belongs to the application. */
export const say = (line) => {
  process.stderr.write(`${line}\n`);
};

/** @param {{ pid: number, dataDir: string }} holder */
export const alreadyRunning = ({ pid, dataDir }) =>
  [
    `Parley is already running on ${dataDir} (process ${pid}).`,
    `  Stop it with Ctrl-C in its terminal or with: kill ${pid}`,
    `  For a second, separate instance: DATA_DIR=/another/place PORT=3001 npm start`,
    `Parley 已在 ${dataDir} 上运行(进程 ${pid})。`,
    `  请在其终端按 Ctrl-C,或执行:kill ${pid}`,
    `  若需另一个独立实例:DATA_DIR=/其他目录 PORT=3001 npm start`,
  ].join('\n');

/** @param {{ missing: string[], reason: string, packages: Record<string, string> }} what */
export const binariesMissing = ({ missing, reason, packages }) =>
  [
    `${missing.join(' and ')} could not be found on this machine, and could not be installed (${reason}).`,
    'Choose one:',
    ...Object.entries(packages).map(([manager, command]) => `  ${`${manager}:`.padEnd(8)} ${command}`),
    '  servers you have already:  MYSQL_URL=mysql://user:pass@host:3306/parley REDIS_URL=redis://host:6379 npm start',
    '  containers:                docker compose up',
    `本机缺少 ${missing.join('、')},且无法自动安装。请任选其一:`,
    '  用上面对应系统的命令安装;或用 MYSQL_URL / REDIS_URL 指向已有的服务;或使用 docker compose up。',
  ].join('\n');

/** @param {string} dir */
export const keyLost = (dir) =>
  [
    `${dir}/encryption.key is missing, but a database is there whose secrets were sealed with it.`,
    '  Put the file back, or set ENCRYPTION_KEY to the key that was used, or delete the directory to start over.',
    `${dir}/encryption.key 不见了,但数据库中的密钥由它加密。请恢复该文件、设置 ENCRYPTION_KEY,或删除该目录重新开始。`,
  ].join('\n');

/** @param {string} command @param {string} hint */
export const npmFailed = (command, hint) =>
  [
    `\`${command}\` failed; its own words are above. ${hint}`,
    '  Without a connection to the npm registry, set one that is reachable: npm config set registry https://…',
    '安装 npm 依赖失败,原因见上。若无法访问 npm 仓库,请设置可用的镜像:npm config set registry https://…',
  ].join('\n');
