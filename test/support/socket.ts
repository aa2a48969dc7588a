import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type {
  Ack,
  ClientEventName,
  ClientEvents,
  ServerEventName,
  ServerEvents,
} from '../../src/kernel/contracts/socket-events';
import type { WireError } from '../../src/kernel/errors/app-error';

const PATIENCE_MS = 10_000;
/** A test machine with more to do than it can makes the server refuse newcomers for seconds. */
const BUSY_PATIENCE_MS = 20_000;
const BUSY_PAUSE_MS = 250;

export interface Heard {
  event: string;
  data: unknown;
}

export interface DeviceOptions {
  id?: string;
  platform?: string;
  state?: 'foreground' | 'background';
  features?: 'batch'[];
}

/** A connected user's device that remembers everything it heard. */
export class Device {
  readonly heard: Heard[] = [];
  private taken = new Set<Heard>();
  private waiting: (() => void)[] = [];
  /** Why the connection ended; undefined while it lives. */
  closed?: string;

  constructor(readonly socket: Socket) {
    socket.onAny((event: string, data: unknown) => {
      this.heard.push({ event, data });
      this.wake();
    });
    socket.on('disconnect', (reason) => {
      this.closed = reason;
      this.wake();
    });
  }

  /** Sends an event and answers its acknowledgement, refusals included. */
  ask<E extends ClientEventName>(event: E, data: ClientEvents[E]['data']): Promise<Ack<ClientEvents[E]['reply']>> {
    return this.socket.timeout(PATIENCE_MS).emitWithAck(event, data) as Promise<Ack<ClientEvents[E]['reply']>>;
  }

  /** As `ask`, for what must succeed. */
  async tell<E extends ClientEventName>(event: E, data: ClientEvents[E]['data']): Promise<ClientEvents[E]['reply']> {
    const ack = await this.ask(event, data);
    if (!ack.ok) throw new Error(`${event} was refused: ${JSON.stringify(ack.error)}`);
    return ack.data;
  }

  /** The first event of this name that fits and that no `next` has given yet; waits for it. */
  async next<E extends ServerEventName>(
    event: E,
    fits: (data: ServerEvents[E]) => boolean = () => true,
    timeoutMs = PATIENCE_MS,
  ): Promise<ServerEvents[E]> {
    const found = await this.until(
      () => this.heard.find((one) => one.event === event && !this.taken.has(one) && fits(one.data as ServerEvents[E])),
      `${event}`,
      timeoutMs,
    );
    this.taken.add(found);
    return found.data as ServerEvents[E];
  }

  /** Everything of this name heard so far. */
  all<E extends ServerEventName>(event: E): ServerEvents[E][] {
    return this.heard.filter((one) => one.event === event).map(({ data }) => data as ServerEvents[E]);
  }

  /** Why the server ended the connection. */
  ended(timeoutMs = PATIENCE_MS): Promise<string> {
    return this.until(() => this.closed, 'the end of the connection', timeoutMs);
  }

  close(): void {
    this.socket.disconnect();
  }

  private async until<T>(look: () => T | undefined, what: string, timeoutMs: number): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what} did not come; heard: ${JSON.stringify(this.heard).slice(0, 2000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** A refused handshake, with the failure that the server told. */
export class Refused extends Error {
  constructor(readonly error: Partial<WireError>) {
    super(`the handshake was refused: ${JSON.stringify(error)}`);
  }
}

let devices = 0;

/**
 * Connects as a client does; rejects with `Refused` when the server does not let it in. Told that the server is busy it
 * comes again, as clients do; otherwise it never reconnects by itself.
 */
export async function connect(
  url: string,
  token: string,
  device: DeviceOptions = {},
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Device> {
  const named = { id: `device-${++devices}`, ...device };
  const deadline = performance.now() + BUSY_PATIENCE_MS;
  for (;;) {
    try {
      return await attempt(url, token, named, options);
    } catch (error) {
      const busy = error instanceof Refused && error.error.code === 'BUSY';
      if (!busy || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
    }
  }
}

function attempt(
  url: string,
  token: string,
  { id, platform = 'web', state, features }: DeviceOptions,
  options: Partial<ManagerOptions & SocketOptions>,
): Promise<Device> {
  const socket = io(url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { token, device: { id, platform, ...(state && { state }) }, ...(features && { features }) },
    ...options,
  });
  const device = new Device(socket);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(device));
    socket.once('connect_error', (error: Error & { data?: Partial<WireError> }) => {
      socket.disconnect();
      reject(error.data ? new Refused(error.data) : error);
    });
  });
}
