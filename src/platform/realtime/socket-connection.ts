import type { Socket } from 'socket.io';
import type { UserCaller } from '../../kernel/caller';
import type { AdmittedSession, Connection, DeviceState } from './connection';

/** The Connection as the dispatcher keeps it, in `socket.data`. */
export class SocketConnection implements Connection {
  caller: UserCaller;
  readonly deviceId: string;
  readonly platform: string;
  state: DeviceState;
  readonly features: ReadonlySet<string>;
  expiresAt: number;
  tokenIssuedAt: number;
  laggingSince = 0;
  /** Events being worked on. */
  unanswered = 0;

  constructor(
    readonly socket: Socket,
    session: AdmittedSession,
  ) {
    this.caller = session.caller;
    this.deviceId = session.device.id;
    this.platform = session.device.platform;
    this.state = session.device.state;
    this.features = session.features;
    this.expiresAt = session.expiresAt;
    this.tokenIssuedAt = session.tokenIssuedAt;
  }
}

/** The part of a WebSocket that writes ready frames. */
export interface FrameSender {
  sendFrame(list: readonly [Buffer]): void;
}

/** Engine.IO's side of a socket, as far as we look into it. */
export interface EngineSocket {
  readonly readyState: string;
  readonly writeBuffer: readonly { data?: string }[];
  readonly transport: {
    readonly name: string;
    /** Whether a flush may write now. */
    writable: boolean;
    readonly socket?: {
      readonly bufferedAmount: number;
      readonly _sender?: FrameSender;
      readonly _socket?: { cork(): void; uncork(): void } | null;
      terminate(): void;
    };
  };
  request: unknown;
  write(text: string, options: object): void;
  flush(): void;
  close(discard?: boolean): void;
}

export const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;
