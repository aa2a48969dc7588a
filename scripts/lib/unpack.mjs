/**
 * Debian packages without root: fetched with apt's own signature checks into a private place and unpacked there.
 * Nothing of the system is changed.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';

/** @param {string} into @returns {{ dir: string, env: NodeJS.ProcessEnv } | undefined} */
export function unpackedRoot(into) {
  const dir = join(into, 'root');
  if (!existsSync(dir)) return undefined;
  const libraries = ['usr/lib', 'lib'].map((name) => join(dir, name)).filter(existsSync);
  // Debian keeps libraries one level down, by machine type.
  const dirs = libraries.flatMap((lib) => [
    lib,
    ...readdirSync(lib, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'))
      .map((entry) => join(lib, entry.name)),
  ]);
  const path = [join(dir, 'usr/bin'), join(dir, 'usr/sbin'), process.env.PATH].join(':');
  return { dir, env: { LD_LIBRARY_PATH: dirs.join(':'), PATH: path } };
}

/**
 * @param {{ packages: string[], into: string, dpkgStatus?: string, log: import('./messages.mjs').Log, signal?: AbortSignal }} options
 * @returns {Promise<string>} what happened, in words for the message that follows when it did not help
 */
export async function unpackDebianPackages(options) {
  const { into } = options;
  try {
    return await unpack(options);
  } finally {
    for (const name of ['apt', 'root.partial']) rmSync(join(into, name), { recursive: true, force: true });
  }
}

/** @param {Parameters<typeof unpackDebianPackages>[0]} options */
async function unpack({ packages, into, dpkgStatus = '/var/lib/dpkg/status', log, signal }) {
  log('  without root: the packages are unpacked into DATA_DIR, the system stays as it is.');
  const apt = join(into, 'apt');
  const root = join(into, 'root.partial');
  for (const dir of [apt, root]) rmSync(dir, { recursive: true, force: true });
  for (const dir of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, dir), { recursive: true });
  mkdirSync(root, { recursive: true });
  // apt's working places are private, its sources and keys are the system's.
  const options = [
    ...['-qq', '-o', 'Debug::NoLocking=1', '-o', `Dir::State::lists=${apt}/lists`, '-o', `Dir::Cache=${apt}`],
    ...['-o', `Dir::Cache::archives=${apt}/archives`, '-o', `Dir::State::status=${dpkgStatus}`],
    ...['-o', `Dir::State::extended_states=${apt}/extended_states`, '-o', `Dir::Log=${apt}`],
  ];
  const install = ['install', '-y', '--no-install-recommends', '--download-only', ...packages];
  for (const args of [['update'], install]) {
    const { code, output } = await run('apt-get', [...options, ...args], { quiet: true, signal });
    if (code !== 0) return `apt-get ${args[0]}: ${output.trim().split('\n').slice(-2).join(' / ')}`;
  }
  const archives = readdirSync(join(apt, 'archives')).filter((name) => name.endsWith('.deb'));
  for (const name of archives) {
    const { code, output } = await run('dpkg-deb', ['-x', join(apt, 'archives', name), root], { quiet: true, signal });
    if (code !== 0) return `dpkg-deb: ${output.trim()}`;
  }
  rmSync(join(into, 'root'), { recursive: true, force: true });
  renameSync(root, join(into, 'root'));
  return `${archives.length} packages were unpacked`;
}
