import { io, type Socket } from 'socket.io-client';
import { Calls, type Call } from './calls';
import type { HandshakeAuth, ServerEvents } from './catalogue';
import { fullJitter, type Clock, type Timer } from './clock';
import { isWireError, ParleyError, type ParleyErrorCode } from './errors';
import type { Session } from './session';

export type ConnectionState =
  | { name: 'idle' }
  | { name: 'connecting' }
  | { name: 'connected' }
  /** One attempt failed. `final`: no further attempt follows by itself; log in again. */
  | { name: 'connect-failed'; code: ParleyErrorCode; text: string; final: boolean }
  /** The next attempt follows in `inMs`. */
  | { name: 'reconnecting'; attempt: number; inMs: number }
  /** Another login took this one's place, or it was ended. Never reconnects by itself. */
  | ({ name: 'kicked' } & ServerEvents['session:kicked'])
  | { name: 'closed' };

/** What the server is told of the device. */
export type Device = Pick<HandshakeAuth['device'], 'id' | 'platform'>;

export interface ConnectionOptions {
  url: string;
  transports?: ('websocket' | 'polling')[];
  /** Failed attempts in a row before giving up. */
  attemptsMax: number;
  callTimeoutMs: number;
}

export interface ConnectionPorts {
  state(state: ConnectionState): void;
  connected(): void;
  lost(): void;
  /** Every event of the server, also those that this version does not know. */
  event(name: string, data: unknown): void;
  failed(error: ParleyError): void;
}

type DeviceState = 'foreground' | 'background';

const BACKOFF = { firstMs: 500, mostMs: 30_000 };
const ATTEMPT_TIMEOUT_MS = 20_000;
/** After it was closed for a flood, a client leaves the server alone for so long. */
const FLOOD_PAUSE_MS = 5000;
/** A connection that did not last this long counts as one more failure. */
const STEADY_MS = 5_000;

/**
 * The connection as a state machine. Reconnecting is ours alone (Socket.IO's own is off): it must know a kick, an expired
 * token and the server's wish to be left for a while. Each attempt has a socket of its own.
 */
export class Connection {
  private socket?: Socket;
  private timer?: Timer;
  /** The timer is the pause before the next attempt. */
  private waiting = false;
  private failures = 0;
  /** Handshakes that failed since the last that did not. */
  private missed = 0;
  private connectedAt = 0;
  private waitUntil = 0;
  /** Raised by start and stop: what an older run still answers is ignored. */
  private run = 0;
  private renewed = false;
  private current: ConnectionState = { name: 'idle' };
  private deviceState: DeviceState = 'foreground';
  /** Given by `start`. */
  private device: Device;
  private readonly calls: Calls;

  constructor(
    private readonly session: Session,
    private readonly ports: ConnectionPorts,
    private readonly clock: Clock,
    private readonly options: ConnectionOptions,
  ) {
    this.calls = new Calls(options.callTimeoutMs, () => session.frameBytes);
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Something is being done about a connection, or there is one. */
  get isRunning(): boolean {
    const { name } = this.current;
    if (name === 'connect-failed') return !this.current.final;
    return name === 'connecting' || name === 'connected' || name === 'reconnecting';
  }

  start(device: Device): void {
    if (this.isRunning) return;
    const { name } = this.current;
    this.device = device;
    // After a kick or a refusal the old login is worth nothing.
    if (name === 'kicked' || name === 'connect-failed') this.session.forget();
    this.run += 1;
    this.failures = 0;
    this.missed = 0;
    this.waitUntil = 0;
    this.renewed = false;
    this.enter({ name: 'connecting' });
    void this.attempt(this.run);
  }

  stop(): void {
    if (this.current.name === 'idle' || this.current.name === 'closed') return;
    this.end({ name: 'closed' });
  }

  readonly call: Call = (event, data) => this.calls.make(this.socket, event, data);

  /** Remembered for the next handshake. In the foreground a wait for the next attempt is cut short. */
  async setDeviceState(state: DeviceState): Promise<void> {
    this.deviceState = state;
    if (this.socket?.connected) await this.call('device:state', { state });
    else if (state === 'foreground' && this.waiting) this.after(0, this.run);
  }

  private async attempt(run: number): Promise<void> {
    try {
      const token = await this.session.token();
      if (run === this.run) this.open(run, token);
    } catch (thrown) {
      if (run === this.run) this.failed(run, ParleyError.of(thrown));
    }
  }

  private open(run: number, token: string): void {
    const auth: HandshakeAuth = { token, device: { ...this.device, state: this.deviceState }, features: ['batch'] };
    const socket = io(this.address(), {
      auth,
      forceNew: true,
      reconnection: false,
      timeout: ATTEMPT_TIMEOUT_MS,
      ...(this.options.transports && { transports: this.options.transports }),
    });
    this.drop();
    this.socket = socket;
    const mine = () => run === this.run && socket === this.socket;
    // The handshake may be accepted by the transport and never answered by the server.
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      if (mine())
        this.failed(run, new ParleyError('UNREACHABLE', 'The handshake was not answered.', { definite: false }));
    }, ATTEMPT_TIMEOUT_MS);
    socket.on('connect', () => mine() && this.opened());
    socket.on('connect_error', (error: Error & { data?: unknown }) => mine() && this.failed(run, refusal(error)));
    socket.on('disconnect', () => mine() && this.lost(run));
    socket.onAny((name: string, data: unknown) => mine() && this.heard(run, name, data));
  }

  /** The address that was given, first and every other time; in between those that the login named. */
  private address(): string {
    const { url } = this.options;
    const others = this.session.endpoints.filter((each) => each !== url);
    return (this.missed % 2 === 1 ? others[((this.missed - 1) / 2) % others.length] : url) ?? url;
  }

  private opened(): void {
    this.disarm();
    this.connectedAt = this.clock.now();
    this.waitUntil = 0;
    this.missed = 0;
    this.renewed = false;
    this.enter({ name: 'connected' });
    this.ports.connected();
  }

  private lost(run: number): void {
    if (this.clock.now() - this.connectedAt >= STEADY_MS) this.failures = 0;
    this.drop();
    this.ports.lost();
    this.again(run, 0);
  }

  private failed(run: number, error: ParleyError): void {
    this.missed += 1;
    this.disarm();
    this.drop();
    // A login that can be had anew is no reason to give up over an expired token, once.
    const mendable = error.code === 'TOKEN_EXPIRED' && this.session.canLogInAgain && !this.renewed;
    if (mendable) {
      this.renewed = true;
      this.session.forget();
    }
    const final = error.definite && error.code !== 'INTERNAL' && !mendable;
    this.enter({ name: 'connect-failed', code: error.code, text: error.message, final });
    if (run === this.run && !final) this.again(run, error.retryAfterMs ?? 0);
  }

  private again(run: number, notBeforeMs: number): void {
    this.failures += 1;
    if (this.failures > this.options.attemptsMax) {
      const text = `Gave up after ${this.options.attemptsMax} attempts.`;
      return this.enter({ name: 'connect-failed', code: 'RECONNECT_EXHAUSTED', text, final: true });
    }
    const asked = Math.max(notBeforeMs, this.waitUntil - this.clock.now());
    const inMs = Math.max(asked, fullJitter(this.failures - 1, BACKOFF, this.clock));
    this.enter({ name: 'reconnecting', attempt: this.failures, inMs });
    if (run === this.run) this.after(inMs, run);
  }

  private after(ms: number, run: number): void {
    this.disarm();
    this.waiting = true;
    this.timer = this.clock.setTimeout(() => {
      this.disarm();
      void this.attempt(run);
    }, ms);
  }

  private heard(run: number, name: string, data: unknown): void {
    if (name === 'session:kicked') {
      this.end({ name: 'kicked', ...(data as ServerEvents['session:kicked']) });
    } else if (name === 'session:reconnect') {
      const { afterMs } = data as ServerEvents['session:reconnect'];
      this.waitUntil = this.clock.now() + afterMs;
      this.timer ??= this.clock.setTimeout(() => {
        this.timer = undefined;
        this.lost(run);
      }, afterMs);
    } else if (name === 'session:closed') {
      this.closedFor((data as ServerEvents['session:closed']).code);
    } else if (name === 'session:expiring') void this.renew();
    this.ports.event(name, data);
  }

  /** Why the server is about to close the socket: over one frame too many, or over the largest that is on its way. */
  private closedFor(code: string): void {
    if (code === 'RATE_LIMITED') this.waitUntil = this.clock.now() + FLOOD_PAUSE_MS;
    if (code === 'TOO_LARGE') this.calls.blameLargest();
  }

  private async renew(): Promise<void> {
    try {
      await this.call('session:renew', { token: await this.session.renew() });
    } catch (thrown) {
      this.ports.failed(ParleyError.of(thrown));
    }
  }

  private end(state: ConnectionState): void {
    this.run += 1;
    this.disarm();
    this.drop();
    this.ports.lost();
    this.enter(state);
  }

  private drop(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.disconnect();
  }

  private disarm(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = false;
  }

  private enter(state: ConnectionState): void {
    this.current = state;
    this.ports.state(state);
  }
}

/** Why a handshake failed: the server's own words, or what became of the transport. */
function refusal(error: Error & { data?: unknown }): ParleyError {
  if (isWireError(error.data)) return ParleyError.fromWire(error.data);
  return new ParleyError('UNREACHABLE', error.message, { definite: false, cause: error });
}
