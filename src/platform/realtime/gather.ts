import { directSender, type EngineSocket } from './engine-socket';

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
    engine.transport.writable = true;
    const sender = directSender(engine);
    const bytes = sender && framesOf(engine.writeBuffer);
    if (!bytes) engine.flush();
    else {
      engine.writeBuffer = [];
      sender.sendFrame([bytes]);
    }
  }
}

/** All packets as one buffer; undefined when Engine.IO has to encode one of them. */
function framesOf(packets: EngineSocket['writeBuffer']): Buffer | undefined {
  if (packets.length === 1) return packets[0].options?.wsPreEncodedFrame?.[0];
  const frames: Buffer[] = [];
  for (const { options } of packets) {
    const frame = options?.wsPreEncodedFrame?.[0];
    if (!frame) return undefined;
    frames.push(frame);
  }
  return frames.length > 0 ? Buffer.concat(frames) : undefined;
}
