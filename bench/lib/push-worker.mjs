/**
 * The product's own worker, from dist. Without an APNS_URL its vendors take every push at once: then what is measured is
 * everything else.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const require = createRequire(join(root, 'dist', 'src', 'main.js'));
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { AppModule } = require(join(root, 'dist', 'src', 'app.module.js'));
const { stopApp } = require(join(root, 'dist', 'src', 'boot.js'));
const { PushChannels } = require(join(root, 'dist', 'src', 'modules', 'push', 'channels.js'));
const { PushFollower } = require(join(root, 'dist', 'src', 'modules', 'push', 'tasks', 'push-follower.js'));

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'], abortOnError: false });
if (!process.env.APNS_URL) {
  let taken = 0;
  const channel = { send: async () => ({ outcome: 'sent', providerId: String(++taken) }), close: async () => {} };
  Object.assign(app.get(PushChannels, { strict: false }), {
    states: async (/** @type {number[]} */ appPks) => new Map(appPks.map((pk) => [pk, new Map([['apns', 'ready']])])),
    of: async () => channel,
  });
}
// What a node does after it handed over what it delivered.
const follower = app.get(PushFollower, { strict: false });
process.on('message', (/** @type {{ followed: number[] }} */ { followed }) => follower.followed(followed));
process.send?.({ port: 0 });
process.on('disconnect', () => void stopApp(app).finally(() => process.exit(0)));
