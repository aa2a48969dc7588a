import type { BusFrames, HearersAt, KickReason } from '../../kernel/contracts/bus-frames';
import type { ServerEventName, ServerEvents } from '../../kernel/contracts/socket-events';
import type { PresenceChange } from './connections';
import type { LiveDevice } from './routes';

/** JSON text made once and written to many sockets as it is. */
export class Encoded {
  /** `tip`: what is said instead when the text is too large to be pushed live, or too much waits (protocol.md §2.4). */
  constructor(
    readonly json: string,
    readonly tip?: ServerEvents['conversation:tip'],
  ) {}
}

export interface EmitOptions {
  /** The sending socket: it has its acknowledgement and hears nothing more. */
  exceptSocketId?: string;
  /** Only this node's sockets: every other node reads for its own. */
  localOnly?: boolean;
  /** A stored message: nodes that cannot be told read it in the database. */
  logged?: boolean;
  /** The conversation that this is said in: what it says is heard in the order of the calls, however many hear it. */
  stream?: number;
  /**
   * The users are all who hear `stream` at this point: where they are many, other nodes find them out themselves instead
   * of being given a list.
   */
  hearers?: HearersAt;
  /** Called when all of this node's sockets have it. */
  onWritten?: () => void;
}

export type PublishState = 'confirmed' | 'via-database' | 'unknown';

export type ForgetListener = (appPk: number, pk: number) => void | Promise<void>;

export type FindHearers = (conversationPk: number, at: HearersAt) => readonly number[] | Promise<readonly number[]>;

/**
 * Speaks to users wherever they are connected: this node's sockets at once, other nodes' by the bus. A courtesy, never
 * awaited by anything that was promised: clients repair what they miss from the log.
 */
export abstract class Live {
  /** The list is read on after the call where it is long, and known again by its identity: it must not be changed. */
  abstract toUsers<E extends ServerEventName>(
    appPk: number,
    userPks: readonly number[],
    event: E,
    data: ServerEvents[E] | Encoded,
    options?: EmitOptions,
  ): void;

  /** How a node finds out who hears a conversation; without a promise when it knows. */
  abstract hearersBy(find: FindHearers): void;

  /**
   * Ends sessions' sockets on every node, those still on their way in too: `session:kicked` first, then the connection.
   * `before`: only those of a lower generation.
   */
  abstract kick(
    userPk: number,
    sessionPks: readonly number[],
    reason: KickReason,
    options?: { byPlatform?: string; before?: number },
  ): void;

  /** Drops a cached row on every node (this one before it returns). */
  abstract forget(key: BusFrames['forget']): void;
  /** The same for what a revocation made void: resolves once no node uses what it knew before (docs/adr/0024). */
  abstract forgetEverywhere(...keys: BusFrames['forget'][]): Promise<void>;
  /** What the listener promises is waited for before others are told that this node has forgotten. */
  abstract onForget(cache: BusFrames['forget']['cache'], listener: ForgetListener): void;

  /**
   * Whether Redis has taken what this node published until now. `via-database`: it has not, and the other nodes read in the
   * database what this node stores. `unknown`: neither is certain.
   */
  abstract publishState(): Promise<PublishState>;

  /** Called when frames of other nodes may be missing: what they would have changed must be read again. */
  abstract onMissedFrames(listener: () => void): void;

  /** Called when a node has come or gone, or frames are missing: presence events may not have told who is online. */
  abstract onPresenceUncertain(listener: () => void): void;

  /** Heard on every node when a user comes online or has gone; told once however many devices and nodes it is on. */
  abstract onPresence(listener: (change: PresenceChange) => void): void;

  /** Which of these users, all of this app, are connected anywhere. Exact with one node or with Redis; else what this node knows. */
  abstract online(appPk: number, userPks: readonly number[]): Promise<Set<number>>;

  /** The same, never incomplete: rejects while Redis cannot be asked, or a node is cut off from it. */
  abstract onlineExactly(appPk: number, userPks: readonly number[]): Promise<Set<number>>;

  /**
   * The devices of these users that are connected anywhere, and whether somebody looks at them. Users without any are
   * left out, and so is what other nodes cannot tell: who is unknown is away.
   */
  abstract devices(appPk: number, userPks: readonly number[]): Promise<ReadonlyMap<number, readonly LiveDevice[]>>;

  /** Users of an app online now. `exact` is false when other nodes could not be asked. */
  abstract onlineCount(appPk: number): Promise<{ online: number; exact: boolean }>;
}
