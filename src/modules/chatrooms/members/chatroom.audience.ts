import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../../kernel/caller';
import type { Priority } from '../../../kernel/contracts/message';
import { AppError } from '../../../kernel/errors/app-error';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { untilOf } from '../../../platform/database/until';
import { SenderAdmission } from '../../accounts';
import {
  type Admission,
  type Audience,
  Audiences,
  type ConversationRef,
  type Said,
  type Sender,
} from '../../conversations';
import { ChatroomDirectory } from '../rooms/chatroom-directory';
import { ChatroomsRepository, type RoomSendRules } from '../rooms/chatrooms.repository';
import { LiveRooms } from '../live/live-rooms';
import { RoomRates } from '../live/room-rates';
import { RosterSync } from '../live/roster-sync';
import { RoomStandingsRepository, type SenderRules } from '../moderation/room-standings.repository';

const PAGE = 500;

/** Who may send to a room, and how its messages reach the members. */
@Injectable()
export class ChatroomAudience implements Audience {
  readonly kind = 'chatroom';
  readonly reachesAbsentMembers = false;
  /** In slow mode `admit` notes when a user last sent. */
  readonly admitWrites = true;

  constructor(
    audiences: Audiences,
    readonly targets: ChatroomDirectory,
    private readonly chatrooms: ChatroomsRepository,
    private readonly standings: RoomStandingsRepository,
    private readonly rosterSync: RosterSync,
    private readonly rates: RoomRates,
    private readonly rooms: LiveRooms,
    private readonly senders: SenderAdmission,
    private readonly sql: Sql,
  ) {
    audiences.register(this);
  }

  /** Asks the other nodes about senders whom this node does not know to be members, before any transaction. */
  open(app: AppRef, sender: Sender | null, id: string): ConversationRef | Promise<ConversationRef> {
    const known = this.targets.cached(app, id);
    if (known && (!sender?.session || this.rosterSync.rosters.has(known.pk, sender.userPk))) return known;
    return this.find(app, sender, id);
  }

  private async find(app: AppRef, sender: Sender | null, id: string): Promise<ConversationRef> {
    const conversation = await this.targets.find(app, id, 'to.id');
    if (sender?.session) await this.rosterSync.confirm(conversation.pk, sender.userPk);
    return conversation;
  }

  limit({ pk }: ConversationRef, sender: Sender | null, priority: Priority): void {
    this.rates.take(pk, sender, priority);
  }

  /** Two statements for the whole batch, in one round trip with the check of its senders; two more in slow mode. */
  async admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]> {
    const [{ refusals }, rooms, senders] = await Promise.all([
      this.senders.check(tx, admissions),
      this.chatrooms.sendRulesOf(tx, [...new Set(admissions.map(({ conversation }) => conversation.lowPk))]),
      this.standings.sendRulesOf(tx, senderPairs(admissions)),
    ]);
    const sent = new Map<string, [chatroomPk: number, userPk: number, appPk: number]>();
    const results = admissions.map((admission, index) => {
      const { app, conversation, sender } = admission;
      const room = rooms.get(conversation.lowPk);
      const key = `${conversation.lowPk}:${sender?.userPk}`;
      const refusal = refusals[index] ?? this.check(admission, room, senders.get(key), sent.has(key));
      if (!refusal && room && room.slowModeSeconds > 0 && sender?.session) {
        sent.set(key, [conversation.lowPk, sender.userPk, app.pk]);
      }
      return refusal;
    });
    await this.standings.noteSent(tx, [...sent.values()]);
    return results;
  }

  private check(
    { conversation, sender }: Admission,
    room: RoomSendRules | undefined,
    rules: SenderRules | undefined,
    sentInBatch: boolean,
  ): AppError | undefined {
    if (!room || room.status === 'closed') return new AppError('CHATROOM_NOT_FOUND', { field: 'to.id' });
    // The app's server may send in any user's name and is not bound by the room's rules.
    if (!sender?.session) return undefined;
    if (rules?.banned === 1) return new AppError('BANNED');
    const visit = this.rosterSync.rosters.versionOf(conversation.pk, sender.userPk);
    if (visit === undefined || visit < Math.max(rules?.removedVersion ?? 0, room.openedVersion)) {
      return new AppError('NOT_MEMBER', { field: 'to.id' });
    }
    if (rules?.muted === 1) return new AppError('MUTED', { details: { until: untilOf(rules.mutedUntil) } });
    if (room.ownerPk === sender.userPk || rules?.admin === 1 || rules?.maySpeak === 1) return undefined;
    if (room.muteAll === 1) return new AppError('MUTED', { details: { all: true } });
    return slowModeRefusal(room, sentInBatch ? 0 : (rules?.silentMs ?? null));
  }

  /** Messages go to joined sockets, not to users: see `broadcast`. */
  hearers(): readonly number[] {
    return [];
  }

  /** Members who are away get nothing later, neither tips nor pushes. */
  async *members(): AsyncIterable<number[]> {
    yield await Promise.resolve([]);
  }

  broadcast(conversation: ConversationRef, said: Said, exceptSocketId?: string): void {
    this.rooms.broadcast(conversation, said, exceptSocketId);
  }

  /** Members read what the room keeps of its log. @returns undefined for users who are not members */
  async window({ pk, lowPk }: ConversationRef, userPk: number): Promise<{ from: number } | undefined> {
    if (!(await this.rosterSync.confirm(pk, userPk))) return undefined;
    const state = (await this.chatrooms.states([pk])).get(pk);
    const standing = (await this.standings.of(this.sql, lowPk, [userPk])).get(userPk);
    const visit = this.rosterSync.rosters.versionOf(pk, userPk);
    if (!state || state.status === 'closed' || !standing || standing.banned === 1 || visit === undefined)
      return undefined;
    return visit < Math.max(standing.removedVersion, state.openedVersion) ? undefined : { from: state.readFrom };
  }

  async *targetsOf(appPk: number): AsyncIterable<ConversationRef[]> {
    for (let after = ''; ;) {
      const page = await this.chatrooms.openIds(appPk, after, PAGE);
      const app = { pk: appPk };
      yield await Promise.all(page.map((chatroomId) => this.targets.find(app, chatroomId)));
      const last = page[PAGE - 1];
      if (last === undefined) return;
      after = last;
    }
  }
}

const senderPairs = (admissions: readonly Admission[]): [chatroomPk: number, userPk: number][] =>
  admissions.flatMap(({ conversation, sender }): [number, number][] =>
    sender?.session ? [[conversation.lowPk, sender.userPk]] : [],
  );

function slowModeRefusal({ slowModeSeconds }: RoomSendRules, silentMs: number | null): AppError | undefined {
  if (slowModeSeconds === 0 || silentMs === null) return undefined;
  const retryAfterMs = slowModeSeconds * 1000 - Number(silentMs);
  if (retryAfterMs <= 0) return undefined;
  return new AppError('RATE_LIMITED', { retryAfterMs, details: { budget: 'slowMode', slowModeSeconds } });
}
