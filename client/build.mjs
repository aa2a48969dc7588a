// Builds dist/cjs and dist/esm. The catalogue's types live with the server; they are compiled along and copied into the
// declarations, so that the published package stands on its own. `node build.mjs [outDir]`
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
const tsc = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');

const FORMATS = {
  cjs: { type: 'commonjs', flags: ['--module', 'nodenext', '--moduleResolution', 'nodenext'] },
  esm: { type: 'module', flags: ['--module', 'esnext', '--moduleResolution', 'bundler'] },
};

rmSync(out, { recursive: true, force: true });
for (const [format, { type, flags }] of Object.entries(FORMATS)) {
  const raw = mkdtempSync(join(tmpdir(), 'parley-client-'));
  try {
    execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.build.json'), '--outDir', raw, ...flags], {
      stdio: 'inherit',
    });
    place(raw, join(out, format));
    write(join(out, format, 'package.json'), `${JSON.stringify({ type })}\n`);
  } finally {
    rmSync(raw, { recursive: true, force: true });
  }
}

/** The client's own files, and of the server's only the declarations that they lead to. */
function place(raw, target) {
  const own = join(raw, 'client/src');
  for (const name of readdirSync(own)) {
    const text = readFileSync(join(own, name), 'utf8').replaceAll('../../src/kernel/', './kernel/');
    write(join(target, name), withExtensions(text));
  }
  for (const start of specifiers(readFileSync(join(target, 'catalogue.d.ts'), 'utf8'))) {
    copyDeclarations(raw, target, join('src', start));
  }
}

/** `path` without its extension, relative to the compiler's output. */
function copyDeclarations(raw, target, path) {
  const file = path.replace(/\.js$/, '.d.ts');
  const copy = join(target, file.replace(/^src\//, ''));
  if (existsSync(copy)) return;
  const text = withExtensions(readFileSync(join(raw, file), 'utf8'));
  write(copy, text);
  for (const next of specifiers(text)) copyDeclarations(raw, target, join(dirname(path), next));
}

/** Node's ES modules name files in full; the compiler writes what the source says. */
function withExtensions(text) {
  return text.replace(/(\bfrom |\bimport\()(['"])(\.\.?\/[^'"]+?)(\.js)?\2/g, '$1$2$3.js$2');
}

function specifiers(text) {
  return [...text.matchAll(/(?:\bfrom |\bimport\()['"](\.\.?\/[^'"]+)['"]/g)].map(([, specifier]) => specifier);
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
