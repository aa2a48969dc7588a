import type { Socket } from 'socket.io';
import type { UserCaller } from '../../kernel/caller';
import type { InboundFlow } from './inbound/inbound-flow';
import type { AdmittedSession, Connection, DeviceState } from './connection';

/** The Connection as the dispatcher keeps it, in `socket.data`. */
export class SocketConnection implements Connection {
  caller: UserCaller;
  generation: number;
  readonly deviceId: string;
  readonly platform: string;
  state: DeviceState;
  readonly features: ReadonlySet<string>;
  expiresAt: number;
  laggingSince = 0;
  answerBytes = 0;
  /** Events being worked on. */
  unanswered = 0;
  /** Of these, those whose answers may be large, and those of them that wait for their turn. */
  large = 0;
  waiting: (() => void)[] | undefined;
  /** What counts its frames. */
  inbound: InboundFlow | undefined;

  constructor(
    readonly socket: Socket,
    session: AdmittedSession,
  ) {
    this.caller = session.caller;
    this.generation = session.generation;
    this.deviceId = session.device.id;
    this.platform = session.device.platform;
    this.state = session.device.state;
    this.features = session.features;
    this.expiresAt = session.expiresAt;
  }
}
