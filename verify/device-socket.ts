import { io, type Socket } from 'socket.io-client';
import type { Ack, ClientEventName, ClientEvents, ServerEvents } from '../src/kernel/contracts/socket-events';
import type { History } from './history';
import type { Random } from './random';

export const CALL_MS = 5000;
const RECONNECT_MIN_MS = 200;
const RECONNECT_MAX_MS = 4000;

export interface DeviceSocketOptions {
  url: string;
  device: string;
  auth: { token: string; device: { id: string; platform: string } };
  history: History;
  random: Random;
  /** Given every frame as it came, before anything takes it apart. */
  scan: (frame: string, where: string) => void;
  onConnect: () => void;
}

/** A device's connection: comes back by itself with growing, random delays, and stays away when told to. */
export class DeviceSocket {
  /** Told to go, or turned away: it does not come back. */
  ended = false;
  private readonly socket: Socket;
  private failures = 0;
  private began = 0;
  private timer?: NodeJS.Timeout;

  constructor(private readonly options: DeviceSocketOptions) {
    this.socket = io(options.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      timeout: CALL_MS,
      auth: options.auth,
    });
    this.listen();
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  connect(): void {
    this.began = this.options.history.now();
    this.socket.connect();
  }

  comeBackAnyway(): void {
    this.ended = false;
    if (!this.socket.connected) this.connect();
  }

  /** Lets go of the connection; unless it ended, another one is made. */
  drop(): void {
    this.socket.disconnect();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket.disconnect();
  }

  /** Throws when there is no connection or no answer; then the outcome is unknown. */
  async call<E extends ClientEventName>(
    event: E,
    data: ClientEvents[E]['data'],
  ): Promise<Ack<ClientEvents[E]['reply']>> {
    if (!this.socket.connected) throw new Error('not connected');
    return (await this.socket.timeout(CALL_MS).emitWithAck(event, data)) as Ack<ClientEvents[E]['reply']>;
  }

  on<E extends keyof ServerEvents>(event: E, handler: (data: ServerEvents[E]) => void): void {
    const name: string = event;
    this.socket.on(name, (data: unknown) => handler(data as ServerEvents[E]));
  }

  private listen(): void {
    const { socket } = this;
    const { history, device, scan, onConnect } = this.options;
    const left = (reason: string): void => void history.add({ type: 'disc', at: history.now(), device, reason });
    socket.io.on('open', () => {
      socket.io.engine.on('packet', ({ data }: { data?: unknown }) => {
        if (typeof data === 'string') scan(data, 'a socket frame');
      });
    });
    socket.on('connect', () => {
      this.failures = 0;
      history.add({ type: 'conn', at: history.now(), began: this.began, device });
      onConnect();
    });
    socket.on('connect_error', (error: Error & { data?: { code?: string; retryAfterMs?: number } }) => {
      const { code, retryAfterMs } = error.data ?? {};
      left(code ?? error.message);
      if (code !== undefined && retryAfterMs === undefined) this.ended = true;
      this.comeBack(retryAfterMs);
    });
    socket.on('disconnect', (reason) => {
      left(reason);
      this.comeBack();
    });
    this.on('session:kicked', ({ reason }) => {
      history.add({ type: 'kicked', at: history.now(), device, reason });
      this.ended = true;
    });
    this.on('session:reconnect', ({ afterMs }) => {
      this.timer = setTimeout(() => this.drop(), Math.min(afterMs, 2000));
    });
  }

  private comeBack(afterMs = 0): void {
    if (this.ended) return;
    const ceiling = Math.min(RECONNECT_MIN_MS * 2 ** this.failures++, RECONNECT_MAX_MS);
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        if (!this.ended && !this.socket.connected) this.connect();
      },
      afterMs + 20 + this.options.random.next() * ceiling,
    );
  }
}
