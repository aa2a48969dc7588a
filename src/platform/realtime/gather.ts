import type { EngineSocket } from './socket-connection';

let held: EngineSocket[] = [];

/**
 * To be called before a write: packets that one turn of the event loop has for one WebSocket leave together, in one
 * write of the kernel's. After a group commit a socket often has both an answer and a message coming, and a busy group
 * has many; the system call costs more than everything else about a packet (docs/performance.md). Engine.IO keeps what
 * it cannot write yet, so holding is telling it so until the turn is over; order and back-pressure stay its own.
 */
export function gather(engine: EngineSocket): void {
  const { transport } = engine;
  if (!transport.writable || transport.name !== 'websocket') return;
  transport.writable = false;
  if (held.push(engine) === 1) process.nextTick(release);
}

function release(): void {
  const engines = held;
  held = [];
  for (const engine of engines) {
    const { transport, writeBuffer } = engine;
    const tcp = writeBuffer.length > 1 ? transport.socket?._socket : undefined;
    transport.writable = true;
    tcp?.cork();
    engine.flush();
    tcp?.uncork();
  }
}
