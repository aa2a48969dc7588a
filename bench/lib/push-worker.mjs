/** The product's own worker, from dist, whose vendors take every push at once: what is measured is everything else. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const require = createRequire(join(root, 'dist', 'src', 'main.js'));
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { AppModule } = require(join(root, 'dist', 'src', 'app.module.js'));
const { stopApp } = require(join(root, 'dist', 'src', 'boot.js'));
const { PushChannels } = require(join(root, 'dist', 'src', 'modules', 'push', 'channels.js'));

let taken = 0;
const channel = { send: async () => ({ outcome: 'sent', providerId: String(++taken) }), close: async () => {} };
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'], abortOnError: false });
Object.assign(app.get(PushChannels, { strict: false }), {
  states: async (/** @type {number[]} */ appPks) => new Map(appPks.map((pk) => [pk, new Map([['apns', 'ready']])])),
  of: async () => channel,
});
process.send?.({ port: 0 });
process.on('disconnect', () => void stopApp(app).finally(() => process.exit(0)));
