/** P5r, P5j: the same for a room's listeners, after thousands have joined it at once. */
import { compareFanOut } from '../lib/fan-out.mjs';

export const name = 'P5';
export const title = 'joining a room by thousands, and fan-out in it';

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const hall = await context.hall();
  await hall.openRooms();
  const { product, reference } = await hall.storm();
  const storm = {
    'joins/s': product.rate,
    µs: product.cpu,
    'reference µs': reference.cpu,
    'p50 ms': product.ack.p50 ?? Number.NaN,
    'last ms': product.ack.max ?? Number.NaN,
    'reference last ms': reference.ack.max ?? Number.NaN,
  };
  return [
    await compareFanOut(context, hall, 'P5r', 'chatroom', [1, 100, 5000]),
    { id: 'P5j', value: product.cpu / reference.cpu, details: storm, discarded: 0, trusted: true },
  ];
}
