import type { HandshakeAuth } from '../../kernel/contracts/socket-events';
import type { AdmittedSession, Connection } from './connection';

export interface HandshakeContext {
  socketId: string;
  address: string;
  /** Whether the client has left meanwhile. */
  gone: () => boolean;
}

/**
 * Who may connect: the port through which accounts decides (design point 2: once, in the server's middleware).
 * `auth` has not been checked in any way.
 */
export interface SessionGate {
  /** Proves the token, applies the app's multi-device policy and binds the session to the device; throws AppError. */
  admit(auth: unknown, context: HandshakeContext): Promise<AdmittedSession>;
  /** The connection is gone. Must not throw. */
  released(connection: Connection): void;
}
export const SESSION_GATE = Symbol('SessionGate');
export type { HandshakeAuth };
