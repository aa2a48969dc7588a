/**
 * The texts of `npm start`, `npm run backup` and `npm run restore` that a person has to act on, in English and Chinese. Such
 * a failure is a `LauncherError`: its text is printed alone, without a stack.
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

// Standard streams may stand on a full disk, or be closed by whoever read them: no reason to end the servers.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

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
    `Parley 已在 ${dataDir} 上运行（进程 ${pid}）。`,
    `  请在其终端按 Ctrl-C，或执行：kill ${pid}`,
    `  若需另一个独立实例：DATA_DIR=/其他目录 PORT=3001 npm start`,
  ].join('\n');

/** @param {{ missing: string[], servers: boolean, reason: string, packages: Record<string, string> }} what servers: whether servers are among what is missing */
export const binariesMissing = ({ missing, servers, reason, packages }) =>
  [
    `${missing.join(' and ')} could not be found on this machine, and could not be installed (${reason}).`,
    servers ? 'Choose one:' : 'Install it, then run this again:',
    ...Object.entries(packages).map(([manager, command]) => `  ${`${manager}:`.padEnd(8)} ${command}`),
    ...(servers
      ? [
          '  servers you have already:  MYSQL_URL=mysql://user:pass@host:3306/parley REDIS_URL=redis://host:6379 npm start',
          '  containers:                docker compose up',
          `本机缺少 ${missing.join('、')}，且无法自动安装。请任选其一：`,
          '  用上面对应系统的命令安装；或用 MYSQL_URL / REDIS_URL 指向已有的服务；或使用 docker compose up。',
        ]
      : [`本机缺少 ${missing.join('、')}，且无法自动安装。请用上面对应系统的命令安装，然后重新执行。`]),
  ].join('\n');

/** @param {string} dir */
export const keyLost = (dir) =>
  [
    `${dir}/encryption.key is missing, but a database is there whose secrets were sealed with it.`,
    '  Put the file back, or set ENCRYPTION_KEY to the key that was used, or delete the directory to start over.',
    `${dir}/encryption.key 不见了，但数据库中的密钥由它加密。请恢复该文件、设置 ENCRYPTION_KEY，或删除该目录重新开始。`,
  ].join('\n');

/** @param {string} dir */
export const keyMissing = (dir) =>
  [
    `There is no ${dir}/encryption.key: the secrets in the database are sealed with it.`,
    '  Put the file there that belongs to the data, or set ENCRYPTION_KEY to what it says.',
    `缺少 ${dir}/encryption.key：数据库中的密钥由它加密。请放回对应的文件，或用 ENCRYPTION_KEY 给出其内容。`,
  ].join('\n');

/** @param {string} root */
export const noComposeSettings = (root) =>
  [
    `There is no ${root}/.env: docker compose is not set up here (cp .env.example .env, then fill it in; or name its folder in COMPOSE_DIR).`,
    `缺少 ${root}/.env：此处尚未配置 docker compose（执行 cp .env.example .env 并填好；或用 COMPOSE_DIR 指明其目录）。`,
  ].join('\n');

/** @param {string} dir */
export const nothingToBackUp = (dir) =>
  [
    `There is no private database in ${dir} yet: nothing to back up. Set DATA_DIR or MYSQL_URL if it is elsewhere.`,
    `${dir} 中还没有私有数据库，没有可备份的内容。数据库若在别处，请设置 DATA_DIR 或 MYSQL_URL。`,
  ].join('\n');

/** @param {string} name the database */
export const noTablesYet = (name) =>
  [
    `The database ${name} holds no tables of Parley yet: nothing to back up. Check MYSQL_URL.`,
    `数据库 ${name} 中还没有 Parley 的表，没有可备份的内容。请检查 MYSQL_URL。`,
  ].join('\n');

/** @param {string} file */
export const backupExists = (file) =>
  [`${file} exists already; choose another name.`, `${file} 已存在，请换一个文件名。`].join('\n');

/** @param {string} file @param {string} code of the system's error */
export const backupNotWritten = (file, code) =>
  [
    `The backup could not be written to ${file} (${code}): make room, set its rights, or choose another place.`,
    `无法把备份写入 ${file}（${code}）：请腾出空间、修正权限，或另选位置。`,
  ].join('\n');

/** @param {string} command @param {string} said */
export const dumpFailed = (command, said) =>
  [`The database could not be copied; ${command} says:`, said, '无法复制数据库，原因见上。'].join('\n');

/** @param {string} name the database @param {string} command @param {string} said */
export const databaseSilent = (name, command, said) =>
  [
    `The database ${name} does not answer; is it running, and is its URL right? ${command} says:`,
    said,
    `数据库 ${name} 没有应答，原因见上。它是否在运行？URL 是否正确？`,
  ].join('\n');

/** @param {'backup' | 'restore'} command */
export const usage = (command) =>
  [
    ...(command === 'backup'
      ? [
          'npm run backup -- [FILE] [--compose]       the whole database into one file (backups/parley-TIME.sql.gz)',
          '把整个数据库备份到一个文件（默认 backups/parley-时间.sql.gz）',
        ]
      : [
          'npm run restore -- FILE [--yes] [--compose]   replaces what the database holds; stop every node first',
          '用备份替换数据库中的全部内容；请先停掉所有节点',
        ]),
    '  Which database: MYSQL_URL, else the private one in DATA_DIR (.data); with --compose the one of docker compose.',
    ...(command === 'restore' ? ['  --yes: do not ask before replacing. 不再询问，直接替换。'] : []),
    '  数据库：MYSQL_URL 所指，否则为 DATA_DIR（.data）中的私有数据库；加 --compose 则为 docker compose 中的数据库。',
  ].join('\n');

/** @param {string} why @param {'backup' | 'restore'} command */
export const wrongOption = (why, command) => `${why}\n${usage(command)}`;

/** Never quotes the URL, which holds a password. */
export const wrongMysqlUrl = [
  'MYSQL_URL cannot be used: it must look like mysql://user:password@host:3306/database, and characters such as % / ? # @ :',
  '  in the user, password or database are written as %25 %2F %3F %23 %40 %3A.',
  'MYSQL_URL 无法使用：格式应为 mysql://user:password@host:3306/database，其中用户名、密码、库名里的 % / ? # @ : 等字符须写作 %25 %2F %3F %23 %40 %3A。',
].join('\n');

/** @param {number} port */
export const portInUse = (port) =>
  [
    `Port ${port} is in use. Stop what uses it, or start with another one: PORT=${port + 1} npm start`,
    `端口 ${port} 已被占用。请停掉占用它的程序，或换一个端口：PORT=${port + 1} npm start`,
  ].join('\n');

export const whichBackup = [
  'Say which file: npm run restore -- backups/parley-….sql.gz',
  '请指明备份文件：npm run restore -- backups/parley-….sql.gz',
].join('\n');

/** @param {string} what is about to be replaced */
export const notAgreed = (what) =>
  [`${what} Say so with --yes. Nothing was changed.`, '请用 --yes 确认。未作任何更改。'].join('\n');

export const nothingChanged = 'Nothing was changed. 未作任何更改。';

/** @param {string} file @param {string} why */
export const unreadableBackup = (file, why) =>
  [
    `${file} cannot be read as a backup (${why}); nothing was changed. Give the path of a file that npm run backup wrote.`,
    `无法把 ${file} 作为备份读取（${why}）；未作任何更改。请给出由 npm run backup 写成的文件。`,
  ].join('\n');

/** @param {string} file */
export const partialBackup = (file) =>
  [
    `${file} is not a whole backup of Parley; nothing was changed. Use another one.`,
    `${file} 不是完整的 Parley 备份；未作任何更改。请换用其他备份。`,
  ].join('\n');

/** @param {string} file */
export const otherKey = (file) =>
  [
    `The backup ${file} was made with another ENCRYPTION_KEY than the one given here: its secrets could not be read. Give the key that belongs to it.`,
    `备份 ${file} 使用的 ENCRYPTION_KEY 与此处给出的不同，其中的密钥将无法读取。请给出与之对应的 ENCRYPTION_KEY。`,
  ].join('\n');

/** @param {number} connections @param {string} name the database */
export const databaseInUse = (connections, name) =>
  [
    `${connections} connections to ${name} are open. Stop every node first (docker compose: docker compose stop api worker).`,
    `${name} 上还有 ${connections} 个连接。请先停掉所有节点（docker compose：docker compose stop api worker）。`,
  ].join('\n');

/** @param {string} command @param {string} said */
export const restoreBrokeOff = (command, said) =>
  [
    `The restore broke off; ${command} says:`,
    said,
    'No node starts on this database until a restore has come to its end: run it again.',
    '恢复中途失败，原因见上。在完整执行一遍恢复之前，任何节点都不会在该数据库上启动：请重新执行。',
  ].join('\n');

/** Said after each backup. */
export const keepTheKey = [
  'Keep the ENCRYPTION_KEY too (private database: DATA_DIR/encryption.key), apart from the backup: each is useless without the other.',
  '请另行保管 ENCRYPTION_KEY（私有数据库：DATA_DIR/encryption.key），不要与备份放在一起：二者缺一不可。',
].join('\n');

/** @param {string} command @param {string} hint */
export const npmFailed = (command, hint) =>
  [
    `\`${command}\` failed; its output is above. ${hint}`,
    '  Without a connection to the npm registry, set one that is reachable: npm config set registry https://…',
    '安装 npm 依赖失败，原因见上。若无法访问 npm 仓库，请设置可用的镜像：npm config set registry https://…',
  ].join('\n');

/** What keeps a DATA_DIR from being used, by the code of the system's error. @type {Record<string, [en: string, zh: string]>} */
const UNUSABLE = {
  EEXIST: ['is a file, not a directory', '是文件而不是目录'],
  ENOENT: ['cannot be made', '无法创建'],
  ENOTDIR: ['is not a directory, or is below a file', '不是目录，或位于某个文件之下'],
  EROFS: ['is on a read-only file system', '位于只读文件系统'],
  EACCES: ['may not be written by this user', '当前用户无权写入'],
  EPERM: ['may not be written by this user', '当前用户无权写入'],
  ENOSPC: ['is on a disk that is full', '所在磁盘已满'],
  EDQUOT: ['is past the disk quota of this user', '已超出当前用户的磁盘配额'],
  ENAMETOOLONG: ['has a name that is too long', '名称过长'],
};

/** @param {string} dir @param {string} code @returns {string | undefined} */
export function dataDirUnusable(dir, code) {
  const why = UNUSABLE[code];
  return (
    why &&
    [
      `The data directory ${dir} ${why[0]} (${code}).`,
      '  Make room or set its rights, or choose another: DATA_DIR=/another/place npm start',
      `数据目录 ${dir} ${why[1]}（${code}）。请腾出空间、修正权限，或另选目录：DATA_DIR=/其他目录 npm start`,
    ].join('\n')
  );
}

/** @param {number} waitMs */
const when = (waitMs) => (waitMs > 0 ? `in ${waitMs / 1000} s` : 'now');

/** @param {{ code: number, signal: NodeJS.Signals | null }} ending @param {number} waitMs */
export const applicationEnded = ({ code, signal }, waitMs) =>
  `The application ended unexpectedly (${signal ?? `exit code ${code}`}). The servers stay up; restarting ${when(waitMs)}.\n` +
  `应用意外退出（${signal ?? `退出码 ${code}`}）。数据库与 Redis 保持运行，应用将自动重新启动。`;

/** @param {{ name: string, how: string, waitMs: number, log: string }} what */
export const serverEnded = ({ name, how, waitMs, log }) =>
  `The private ${name} server ${how}; restarting ${when(waitMs)}. See its log: ${log}\n` +
  `私有的 ${name} 服务已退出，将自动重新启动。原因见其日志：${log}`;
