import type { Socket } from 'socket.io';
import type { UserCaller } from '../../kernel/caller';

export type DeviceState = 'foreground' | 'background';

/** What the session gate tells about a connection that it let in. */
export interface AdmittedSession {
  caller: UserCaller;
  /** How many sockets had bound the session, this one included; see Connection. */
  generation: number;
  device: { id: string; platform: string; state: DeviceState };
  features: ReadonlySet<string>;
  /** When the token ends; milliseconds since the epoch. */
  expiresAt: number;
}

/** Stops and goes on reading what a connection's client sends. */
export interface ReadControl {
  pause(): void;
  resume(): void;
  /** Nothing of it is heard any more. */
  end(): void;
}

/** One live, authenticated socket on this node. One object a socket and no closures: idle connections must stay small. */
export interface Connection {
  readonly socket: Socket;
  /** Replaced when the session is renewed or proven again. */
  caller: UserCaller;
  /** Of several sockets of one session the one of the highest generation is the newest, and the others go. */
  generation: number;
  readonly deviceId: string;
  readonly platform: string;
  state: DeviceState;
  readonly features: ReadonlySet<string>;
  expiresAt: number;
  /** Set while too many bytes wait for this socket: live frames stop, one `sync:hint` follows when they have gone. */
  laggingSince: number;
  /** The largest answer among those that wait, while many bytes do; else 0. */
  answerBytes: number;
  /** What counts its frames, and can stop reading them. */
  inbound: ReadControl | undefined;
}
