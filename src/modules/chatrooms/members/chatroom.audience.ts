import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../../kernel/caller';
import type { Priority } from '../../../kernel/contracts/message';
import { AppError } from '../../../kernel/errors/app-error';
import { PAIRS, pairsValue } from '../../../platform/database/pairs';
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
import type { ChatroomRecord, RoomStanding } from '../rooms/chatroom-records';
import { ChatroomsRepository } from '../rooms/chatrooms.repository';
import { LiveRooms } from '../live/live-rooms';
import { RoomRates } from '../live/room-rates';
import { RosterSync } from '../live/roster-sync';
import { RoomStandingsRepository } from '../moderation/room-standings.repository';

type RoomRules = Pick<ChatroomRecord, 'id' | 'status' | 'muteAll' | 'slowModeSeconds' | 'ownerPk' | 'openedVersion'>;

interface SpeakerRules extends Pick<RoomStanding, 'admin' | 'banned' | 'muted' | 'mutedUntil' | 'maySpeak'> {
  removedVersion: number;
  /** Milliseconds since it last spoke, in slow mode; null: never. */
  silentMs: number | null;
}

const PAGE = 500;

/** Whoever is in a room now: who may speak there, and who hears it. */
@Injectable()
export class ChatroomAudience implements Audience {
  readonly kind = 'chatroom';
  readonly reachesAbsentMembers = false;
  /** In slow mode it notes who spoke. */
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

  /** A sender that this node has not heard to be in is asked for elsewhere, before any transaction. */
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

  /** Two statements for the rooms of a batch beside the one about its senders, all in one trip; two more in slow mode. */
  async admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]> {
    const [{ refusals }, rooms, speakers] = await Promise.all([
      this.senders.check(tx, admissions),
      this.rulesOf(tx, admissions),
      this.speakersOf(tx, admissions),
    ]);
    const speaking = new Map<string, [chatroomPk: number, userPk: number, appPk: number]>();
    const judged = admissions.map((admission, index) => {
      const { app, conversation, sender } = admission;
      const room = rooms.get(conversation.lowPk);
      const key = `${conversation.lowPk}:${sender?.userPk}`;
      const refusal = refusals[index] ?? this.judge(admission, room, speakers.get(key), speaking.has(key));
      if (!refusal && room && room.slowModeSeconds > 0 && sender?.session) {
        speaking.set(key, [conversation.lowPk, sender.userPk, app.pk]);
      }
      return refusal;
    });
    await this.noteSpoken(tx, [...speaking.values()]);
    return judged;
  }

  private judge(
    { conversation, sender }: Admission,
    room: RoomRules | undefined,
    speaker: SpeakerRules | undefined,
    spokeNow: boolean,
  ): AppError | undefined {
    if (!room || room.status === 'closed') return new AppError('CHATROOM_NOT_FOUND', { field: 'to.id' });
    // The app's server speaks for whom it likes, and is bound by no rule of the room.
    if (!sender?.session) return undefined;
    if (speaker?.banned === 1) return new AppError('BANNED');
    const visit = this.rosterSync.rosters.versionOf(conversation.pk, sender.userPk);
    if (visit === undefined || visit < Math.max(speaker?.removedVersion ?? 0, room.openedVersion)) {
      return new AppError('NOT_MEMBER', { field: 'to.id' });
    }
    if (speaker?.muted === 1) return new AppError('MUTED', { details: { until: untilOf(speaker.mutedUntil) } });
    if (room.ownerPk === sender.userPk || speaker?.admin === 1 || speaker?.maySpeak === 1) return undefined;
    if (room.muteAll === 1) return new AppError('MUTED', { details: { all: true } });
    return tooSoon(room, spokeNow ? 0 : (speaker?.silentMs ?? null));
  }

  /** Heard by sockets, not by users: see `broadcast`. */
  hearers(): readonly number[] {
    return [];
  }

  /** Nobody is told later what was said while it was away. */
  async *members(): AsyncIterable<number[]> {
    yield await Promise.resolve([]);
  }

  broadcast(conversation: ConversationRef, said: Said, exceptSocketId?: string): void {
    this.rooms.broadcast(conversation, said, exceptSocketId);
  }

  /** Who is in reads what the room keeps. */
  async window({ pk, lowPk }: ConversationRef, userPk: number): Promise<{ from: number } | undefined> {
    if (!(await this.rosterSync.confirm(pk, userPk))) return undefined;
    const state = (await this.standings.states([pk])).get(pk);
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

  private async rulesOf(tx: SqlExecutor, admissions: readonly Admission[]): Promise<Map<number, RoomRules>> {
    const rows = await tx.rows<RoomRules>(
      'SELECT id, status, muteAll, slowModeSeconds, ownerPk, openedVersion FROM chatrooms WHERE id IN (?)',
      [[...new Set(admissions.map(({ conversation }) => conversation.lowPk))]],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** By `chatroom:user`; whoever was never decided about is not among them. */
  private async speakersOf(tx: SqlExecutor, admissions: readonly Admission[]): Promise<Map<string, SpeakerRules>> {
    const pairs = admissions.flatMap(({ conversation, sender }): [number, number][] =>
      sender?.session ? [[conversation.lowPk, sender.userPk]] : [],
    );
    if (pairs.length === 0) return new Map();
    const rows = await tx.rows<SpeakerRules & { chatroomPk: number; userPk: number }>(
      `SELECT chatroomPk, userPk, admin, banned, COALESCE(mutedUntil > NOW(3), 0) AS muted, mutedUntil, maySpeak,
              removedVersion, TIMESTAMPDIFF(MICROSECOND, spokeAt, NOW(3)) DIV 1000 AS silentMs
         FROM ${PAIRS} STRAIGHT_JOIN chatroom_standings ON chatroomPk = d.a AND userPk = d.b`,
      [pairsValue(pairs)],
    );
    return new Map(rows.map((row) => [`${row.chatroomPk}:${row.userPk}`, row]));
  }

  private async noteSpoken(tx: SqlExecutor, speaking: [number, number, number][]): Promise<void> {
    if (speaking.length === 0) return;
    await tx.run('INSERT IGNORE INTO chatroom_standings (chatroomPk, userPk, appPk) VALUES ?', [speaking]);
    await tx.run('UPDATE chatroom_standings SET spokeAt = NOW(3) WHERE (chatroomPk, userPk) IN (?)', [
      speaking.map(([chatroomPk, userPk]) => [chatroomPk, userPk]),
    ]);
  }
}

function tooSoon({ slowModeSeconds }: RoomRules, silentMs: number | null): AppError | undefined {
  if (slowModeSeconds === 0 || silentMs === null) return undefined;
  const retryAfterMs = slowModeSeconds * 1000 - Number(silentMs);
  if (retryAfterMs <= 0) return undefined;
  return new AppError('RATE_LIMITED', { retryAfterMs, details: { budget: 'slowMode', slowModeSeconds } });
}
