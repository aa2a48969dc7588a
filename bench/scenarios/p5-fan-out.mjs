/** P5: a message on its way to all members who are online, stored before, against raw Socket.IO's room broadcast. */
import { compareFanOut } from '../lib/fan-out.mjs';

export const name = 'P5';
export const title = 'fan-out to thousands of members who are online';

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  context.say('thousands of users, their groups and their sockets …');
  return [await compareFanOut(context, await context.hall(), 'P5', 'group', [100, 5000])];
}
