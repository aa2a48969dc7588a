import type { Call } from './calls';
import type { ChatroomEvent, JoinedChatroom } from './catalogue';
import type { Clock } from './clock';
import { isAboutTheLogin, ParleyError, type ParleyErrorCode } from './errors';
import type { Gate } from './gate';
import type { Inbox } from './inbox';

/** Chatrooms: who is in one hears it while connected, and comes back by itself after a lost connection. */
export interface Rooms {
  /**
   * Comes in, as soon as there is a connection; answers how the room stands. `history`: how many of the latest messages
   * come first, at most 50; 10 when left out. Rejects with a ParleyError when definitely refused.
   */
  join(chatroomId: string, options?: { history?: number }): Promise<JoinedChatroom>;
  /** Goes out. Resolves when nothing more comes of the room. */
  leave(chatroomId: string): Promise<void>;
  /** The rooms that this client is in, or comes back to with the next connection. */
  readonly joined: string[];
}

/** A room that this client was in and is in no more, nor will be by itself. */
export interface RoomLeft {
  chatroomId: string;
  conversationId: string;
  /** `refused`: it could not come back for another reason, which `error` names, such as CHATROOM_FULL. */
  reason: 'removed' | 'banned' | 'closed' | 'refused';
  /** What coming back was refused with. */
  error?: ParleyError;
}

export interface VisitPorts {
  call: Call;
  /** Back after a lost connection; what was missed follows as messages. */
  rejoined(room: JoinedChatroom): void;
  left(room: RoomLeft): void;
  /** This client's user, where it is known. */
  userId(): string | undefined;
}

interface Visit {
  readonly chatroomId: string;
  readonly history?: number;
  /** The server's name for it, once it has let us in. */
  id?: number;
  /** On which connection it did so last; absent until then. */
  era?: number;
  /** Being let in on the present connection. */
  entering?: Promise<JoinedChatroom>;
  /** Those who wait to be in. */
  waiting: { resolve: (room: JoinedChatroom) => void; reject: (error: ParleyError) => void }[];
}

const RETRY = { firstMs: 500, mostMs: 10_000 };
const REASONS: Partial<Record<ParleyErrorCode, RoomLeft['reason']>> = {
  BANNED: 'banned',
  NOT_MEMBER: 'removed',
  CHATROOM_NOT_FOUND: 'closed',
};
const conversationOf = (chatroomId: string) => `chatroom:${chatroomId}`;

/**
 * The rooms that this client is in. A room is heard by a socket, not by a user, so every new connection joins again: as
 * the same visit, which the server refuses to whoever was put out meanwhile. What was said in between is pulled from the
 * room's log by its reader.
 */
export class Visits implements Rooms {
  private readonly visits = new Map<string, Visit>();
  private readonly leaving = new Map<string, Promise<void>>();
  /** Raised by every loss of the connection. */
  private era = 0;

  constructor(
    private readonly ports: VisitPorts,
    private readonly inbox: Pick<Inbox, 'joined' | 'left' | 'putOut'>,
    private readonly gate: Gate,
    private readonly clock: Clock,
  ) {}

  get joined(): string[] {
    return [...this.visits.keys()];
  }

  isIn(chatroomId: string): boolean {
    return this.visits.has(chatroomId);
  }

  join(chatroomId: string, { history }: { history?: number } = {}): Promise<JoinedChatroom> {
    const visit = this.visits.get(chatroomId) ?? this.begin({ chatroomId, history, waiting: [] });
    return new Promise((resolve, reject) => {
      visit.waiting.push({ resolve, reject });
      this.enter(visit);
    });
  }

  async leave(chatroomId: string): Promise<void> {
    const visit = this.visits.get(chatroomId);
    this.visits.delete(chatroomId);
    this.inbox.left(conversationOf(chatroomId));
    this.settle(visit, new ParleyError('NOT_MEMBER', 'The room was left before it was joined.'));
    const told = this.leaving.get(chatroomId) ?? this.tellLeft(chatroomId);
    this.leaving.set(chatroomId, told);
    await told.finally(() => this.leaving.delete(chatroomId));
  }

  /** After a logout nobody is anywhere. */
  clear(): void {
    for (const chatroomId of this.joined) void this.leave(chatroomId);
  }

  connected(): void {
    for (const visit of this.visits.values()) this.enter(visit);
  }

  lost(): void {
    this.era += 1;
    for (const visit of this.visits.values()) visit.entering = undefined;
  }

  /** Frames may have been lost: asks every room where its log ends. */
  check(): void {
    if (this.gate.isOpen) this.connected();
  }

  /** Another store than before: what the rooms' logs held beyond their ends is void, so they begin where they end now. */
  startOver(): void {
    for (const { chatroomId } of this.visits.values()) this.inbox.left(conversationOf(chatroomId));
    this.check();
  }

  /** Resolves when the room can be spoken in, as far as it is up to us. @throws ParleyError when the connection is lost */
  async ready(chatroomId: string): Promise<void> {
    const { era } = this;
    await this.visits.get(chatroomId)?.entering?.catch(() => undefined);
    if (era !== this.era) throw new ParleyError('NOT_CONNECTED', 'The connection was lost.', { definite: false });
  }

  /**
   * Whether what comes of this room is to be heard. Of one that we did not join it comes because the app's server brought
   * us in.
   */
  hears(chatroomId: string): boolean {
    if (this.leaving.has(chatroomId)) return false;
    if (!this.visits.has(chatroomId)) this.enter(this.begin({ chatroomId, waiting: [] }));
    return true;
  }

  event({ chatroomId, kind, users }: ChatroomEvent): void {
    const visit = this.visits.get(chatroomId);
    if (kind === 'closed') return this.end(visit, { reason: 'closed' });
    if (kind !== 'removed' && kind !== 'banned') return void this.hears(chatroomId);
    const userId = this.ports.userId();
    if (userId === undefined && visit) this.enter(visit);
    else if (userId !== undefined && users.includes(userId)) this.end(visit, { reason: kind });
  }

  private begin(visit: Visit): Visit {
    this.visits.set(visit.chatroomId, visit);
    return visit;
  }

  private enter(visit: Visit): void {
    if (!this.gate.isOpen) return;
    visit.entering ??= this.attempts(visit, this.era);
    visit.entering.catch(() => undefined);
  }

  private async attempts(visit: Visit, era: number): Promise<JoinedChatroom> {
    const { chatroomId } = visit;
    await this.leaving.get(chatroomId);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const how = visit.era === undefined ? { history: visit.history } : { history: 0, visit: visit.id };
        const room = await this.ports.call('chatroom:join', { chatroomId, ...how });
        this.entered(visit, room, era);
        return room;
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        if (era !== this.era || this.visits.get(chatroomId) !== visit) throw error;
        if (error.definite && !isAboutTheLogin(error)) throw this.refused(visit, error);
        await this.gate.pauseAfter(error, attempt, RETRY, this.clock);
        if (era !== this.era || this.visits.get(chatroomId) !== visit) throw error;
      }
    }
  }

  private entered(visit: Visit, room: JoinedChatroom, era: number): void {
    if (era !== this.era || this.visits.get(visit.chatroomId) !== visit) return;
    const cameBack = visit.era !== undefined && visit.era !== era;
    visit.entering = undefined;
    visit.id = room.visit;
    visit.era = era;
    this.inbox.joined(room.conversationId, room.maxSeq);
    if (cameBack) this.ports.rejoined(room);
    this.settle(visit, room);
  }

  private refused(visit: Visit, error: ParleyError): ParleyError {
    if (visit.era === undefined) {
      this.visits.delete(visit.chatroomId);
      this.inbox.left(conversationOf(visit.chatroomId));
      this.settle(visit, error);
    } else this.end(visit, { reason: REASONS[error.code] ?? 'refused', error });
    return error;
  }

  private end(visit: Visit | undefined, why: Pick<RoomLeft, 'reason' | 'error'>): void {
    if (!visit) return;
    const { chatroomId } = visit;
    const conversationId = conversationOf(chatroomId);
    this.visits.delete(chatroomId);
    this.inbox.putOut(conversationId);
    this.settle(visit, why.error ?? new ParleyError('NOT_MEMBER', `Out of the room: ${why.reason}.`));
    if (visit.era !== undefined) this.ports.left({ chatroomId, conversationId, ...why });
  }

  private settle(visit: Visit | undefined, outcome: JoinedChatroom | ParleyError): void {
    for (const { resolve, reject } of visit?.waiting.splice(0) ?? []) {
      if (outcome instanceof ParleyError) reject(outcome);
      else resolve(outcome);
    }
  }

  /** Said until it is heard; a connection that is lost hears nothing more either. */
  private async tellLeft(chatroomId: string): Promise<void> {
    const { era } = this;
    for (let attempt = 0; this.gate.isOpen && era === this.era; attempt += 1) {
      try {
        await this.ports.call('chatroom:leave', { chatroomId });
        return;
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        if (error.definite && !isAboutTheLogin(error)) return;
        await this.gate.pauseAfter(error, attempt, RETRY, this.clock);
      }
    }
  }
}
