/**
 * Migration drift: runs every migration of the build on an empty scratch database and asks TypeORM what the entities
 * would still change. Anything means that an entity was changed without its migration. Needs `npm run build` and a
 * MYSQL_URL whose user may create databases (`npm test` sets both up).
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const built = join(root, 'dist', 'src', 'platform', 'database', 'data-source.js');

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const { MYSQL_URL } = process.env;
if (!MYSQL_URL)
  refuse('MYSQL_URL is not set: run this with `npm test`, or point it at a server for scratch databases.');
if (!existsSync(built)) refuse('There is no build: run `npm run build` first.');

require('reflect-metadata');
const { DataSource } = require('typeorm');
const { createConnection } = require('mysql2/promise');
const { dataSourceOptions } = require(built);

const name = `parley_drift_${randomBytes(6).toString('hex')}`;
const url = new URL(MYSQL_URL.replace(/^mariadb:/, 'mysql:'));
url.pathname = '/';
const admin = await createConnection({ uri: url.href });
url.pathname = `/${name}`;

/** The statements that would bring the migrated schema to the entities. @returns {Promise<string[]>} */
async function drift() {
  const dataSource = await new DataSource({ ...dataSourceOptions(url.href), logging: false }).initialize();
  try {
    await dataSource.runMigrations({ transaction: 'each' });
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  } finally {
    await dataSource.destroy();
  }
}

try {
  await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  const statements = await drift();
  if (statements.length > 0) {
    process.stderr.write(
      `The entities and the migrations differ. Write the migration with \`npm run migration:generate -- src/migrations/Name\`:\n\n${statements.join(';\n')};\n`,
    );
    process.exitCode = 1;
  } else process.stdout.write('The migrations build exactly the schema that the entities describe.\n');
} finally {
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.end();
}
