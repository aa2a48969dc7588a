import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { openTcp, sleep, stillOpen } from '../tools';

const CONNECTIONS = 24;
const REQUESTS = 1300;
const WATCHED_MS = 5000;

/** 1.3 MB of requests, whose answers together would be a hundred times as much. */
export const probe = defineProbe({
  promise: 'requests for documents that are sent ahead and whose answers are never read cost bounded memory',
  async attack(world) {
    const request = 'GET /docs/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n';
    const bytes = Buffer.from(request.repeat(REQUESTS));
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => openTcp(world)));
    for (const socket of sockets) socket.write(bytes);
    await sleep(WATCHED_MS);
    const left = await stillOpen(sockets);
    assert(left === 0, `${left} of ${CONNECTIONS} connections are still open`);
  },
});
