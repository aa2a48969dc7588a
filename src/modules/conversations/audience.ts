import type { AppRef } from '../../kernel/caller';
import type { ConversationKind, GroupLine } from '../../kernel/contracts/conversation';
import type { Mentions, Priority } from '../../kernel/contracts/message';
import type { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';

/** A conversation as the inside knows it. Under the same two users it never changes, so it may be cached under them. */
export interface ConversationRef {
  readonly pk: number;
  readonly appPk: number;
  readonly kind: ConversationKind;
  /** user: the two users' pks (equal: a note to oneself); other kinds: the target's pk, and 0. */
  readonly lowPk: number;
  readonly highPk: number;
  /** First seq that each of them may read. */
  readonly lowFrom: number;
  readonly highFrom: number;
  /** The public id, the same for every observer. */
  readonly conversationId: string;
  /** What its messages' public ids begin with. */
  readonly idPrefix: string;
}

/** In whose name a message is sent. */
export interface Sender {
  readonly userPk: number;
  readonly userId: string;
  /** Set when the user itself asks: then its session must still be good under the lock. Absent for an app server. */
  readonly session?: { readonly pk: number; readonly authVersion: number; readonly tokenIssuedAt: number };
  /** Set when an app server sends in the name of a re-created user: their predecessors, who held the id before. */
  readonly formerPks?: readonly number[];
}

/** One message about to be stored: the question that `admit` answers. */
export interface Admission {
  readonly app: AppRef;
  readonly conversation: ConversationRef;
  /** Null: a notice of the app itself. */
  readonly sender: Sender | null;
  /** Set when only these members may see it. */
  readonly recipients?: Recipients | null;
  readonly mentions?: Mentions | null;
}

/** The users a message is meant for alone: their ids by key. */
export type Recipients = ReadonlyMap<number, string>;

/** A message at which one asks who hears it. */
export interface HeardAt {
  readonly seq: number;
  /** The conversation's memberVersion as it was read under the lock; absent where nobody knows it any more. */
  readonly memberVersion?: number;
}

/** Who may speak in a conversation and who hears it. Each kind brings its own; the log and messaging know only this. */
export interface Audience {
  readonly kind: ConversationKind;
  /** False for chatrooms: whoever is away simply missed it. */
  readonly reachesAbsentMembers: boolean;

  /**
   * The conversation that `id` (a user id, group id …) means for this sender; made when it must be. Throws the refusal
   * a client sees. May answer from a cache, and then without a promise: `admit` decides again under the lock.
   */
  open(app: AppRef, sender: Sender | null, id: string): ConversationRef | Promise<ConversationRef>;

  /**
   * Inside the transaction, with the conversations' rows held: still allowed? One call for all messages of this kind in
   * the batch; answers in their order, undefined for yes. Few statements, no network.
   */
  admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]>;
  /**
   * Set where `admit` writes something: then it is asked in a trip of its own, only about messages that are stored when it
   * lets them. Else it travels with the lock, and is also asked about messages that turn out to be repeats or to wait.
   */
  readonly admitWrites?: true;

  /**
   * The users who hear a message now, the sender included (for its other devices). For the live path: small or cached.
   * With `at`: those who hear this very message, so nobody who came after it; without a promise when what is cached is
   * as new as its memberVersion. Nobody who was removed before that version is ever among them.
   */
  hearers(conversation: ConversationRef, at?: HeardAt): readonly number[] | Promise<readonly number[]>;

  /**
   * All entitled users in pages, so that a large group never sits in memory: ascending, beginning beyond `start` where
   * given.
   */
  members(conversation: ConversationRef, start?: number): AsyncIterable<number[]>;

  /** May this user read the conversation, and from and to which seq? Undefined: to this user it does not exist. */
  window(conversation: ConversationRef, userPk: number): Promise<{ from: number; to?: number } | undefined>;

  /** Kinds that are heard by sockets that joined rather than by users hand out messages themselves, on every node. */
  broadcast?(conversation: ConversationRef, said: Said, exceptSocketId?: string): void;

  /** Kinds whose whole traffic is limited: throws the refusal before anything is accepted. */
  limit?(conversation: ConversationRef, sender: Sender | null, priority: Priority): void;

  /** Kinds that can be spoken to all at once: every target of the app, in pages. */
  targetsOf?(appPk: number): AsyncIterable<ConversationRef[]>;

  /** Kinds with a target of their own (group, chatroom): the key behind a public id, and the public ids of keys. */
  readonly targets?: ConversationTargets;
}

/** A message as it is handed out: its JSON text, and where it stands in the log if it is in one. */
export interface Said {
  readonly json: string;
  readonly at?: HeardAt;
}

export interface ConversationTargets {
  /** The target that this id names, if it has a conversation. Says nothing about who may see it. */
  locate(appPk: number, id: string): Promise<number | undefined>;
  /** Public ids never change, so the answer is kept; what does not exist is left out. */
  publicIds(targetPks: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** What people call them, now. */
  titles?(targetPks: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** How lists show them, now. */
  cards?(targetPks: readonly number[]): Promise<ReadonlyMap<number, ConversationCard>>;
}

/** How a list shows a conversation, so that it needs no second call. */
export interface ConversationCard {
  /** The peer's nickname, else its id; the group's name. */
  readonly title?: string;
  readonly avatarUrl?: string;
  readonly peer?: UserFace;
  readonly group?: GroupLine;
}

/** What everybody sees of a user. */
export interface UserFace {
  readonly nickname?: string;
  readonly avatarUrl?: string;
}
