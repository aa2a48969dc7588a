import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { BusFrames } from '../../kernel/contracts/bus-frames';
import { Bus } from '../../platform/realtime/bus';
import { type ConversationRef, type HeardAt, Members, type MemberSnapshot } from '../conversations';

/** Members kept in memory, over all groups. */
const MEMBERS_MAX = 2_000_000;

interface Known extends MemberSnapshot {
  /** From this seq on, all of them hear everything. */
  allSince: number;
}

/**
 * Who hears a group, from memory while the version that a message was stored under is not newer than what is known. One
 * who comes or goes is added or taken away; the members are read only by a node that does not know the version before.
 */
@Injectable()
export class GroupHearers {
  private readonly known = new LRUCache<number, Known>({
    maxSize: MEMBERS_MAX,
    sizeCalculation: ({ userPks }) => userPks.length + 1,
  });
  private readonly reading = new Map<number, Promise<Known>>();

  constructor(
    private readonly members: Members,
    private readonly bus: Bus,
  ) {
    bus.on('members', (change) => this.apply(change));
  }

  of(conversation: ConversationRef, at?: HeardAt): readonly number[] | Promise<readonly number[]> {
    if (at?.memberVersion === undefined) return this.current(conversation, at);
    const known = this.known.get(conversation.pk);
    if (known && known.memberVersion >= at.memberVersion) return heard(known, at);
    return this.read(conversation, at.memberVersion).then((now) => heard(now, at));
  }

  /** Committed just now: known here at once, and by the other nodes when they hear of it or need it. */
  changed(change: BusFrames['members']): void {
    this.apply(change);
    this.bus.toAll('members', change);
  }

  private apply({ conversationPk, memberVersion, since, entered, left }: BusFrames['members']): void {
    const known = this.known.get(conversationPk);
    // Only one step is exact. Whoever missed one reads the members when a message asks for them.
    if (known?.memberVersion !== memberVersion - 1) return;
    const gone = new Set(left);
    const stay = (_: unknown, index: number): boolean => !gone.has(known.userPks[index] ?? 0);
    this.known.set(conversationPk, {
      memberVersion,
      userPks: [...(left.length > 0 ? known.userPks.filter(stay) : known.userPks), ...entered],
      since: [...(left.length > 0 ? known.since.filter(stay) : known.since), ...entered.map(() => since)],
      allSince: entered.length > 0 ? Math.max(known.allSince, since) : known.allSince,
    });
  }

  /** Where nobody knows the version, it is asked for: one row instead of all members. */
  private async current(conversation: ConversationRef, at?: HeardAt): Promise<readonly number[]> {
    const version = await this.members.versionOf(conversation);
    const known = this.known.get(conversation.pk);
    return heard(known && known.memberVersion >= version ? known : await this.read(conversation, version), at);
  }

  /** Once for all who ask at the same time; again where what was under way turns out too old. */
  private async read(conversation: ConversationRef, version: number): Promise<Known> {
    const { pk } = conversation;
    for (;;) {
      let reading = this.reading.get(pk);
      if (!reading) {
        reading = this.load(conversation).finally(() => this.reading.delete(pk));
        this.reading.set(pk, reading);
      }
      const now = await reading;
      if (now.memberVersion >= version || now.memberVersion === 0) return now;
    }
  }

  private async load(conversation: ConversationRef): Promise<Known> {
    const snapshot = await this.members.snapshot(conversation);
    const now = { ...snapshot, allSince: snapshot.since.reduce((latest, seq) => Math.max(latest, seq), 0) };
    const before = this.known.get(conversation.pk);
    if (!before || before.memberVersion <= now.memberVersion) this.known.set(conversation.pk, now);
    return now;
  }
}

/** Those of the members who were in when this was said. */
function heard({ userPks, since, allSince }: Known, at?: HeardAt): readonly number[] {
  if (!at || at.seq >= allSince) return userPks;
  return userPks.filter((_, index) => (since[index] ?? 0) <= at.seq);
}
