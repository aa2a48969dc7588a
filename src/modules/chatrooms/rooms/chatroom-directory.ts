import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { AppRef } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { ID_PATTERN } from '../../../kernel/ids';
import {
  type ConversationCard,
  ConversationDirectory,
  type ConversationRef,
  type ConversationTargets,
} from '../../conversations';
import { ChatroomsRepository } from './chatrooms.repository';

const CACHED_MAX = 100_000;

/** Looks up rooms by their public ids. A closed room keeps its row and its log, so that entries never go stale. */
@Injectable()
export class ChatroomDirectory implements ConversationTargets {
  private readonly refs = new LRUCache<string, ConversationRef>({ max: CACHED_MAX });

  constructor(
    private readonly rooms: ChatroomsRepository,
    private readonly conversations: ConversationDirectory,
  ) {}

  cached(app: Pick<AppRef, 'pk'>, chatroomId: string): ConversationRef | undefined {
    return this.refs.get(`${app.pk}:${chatroomId}`);
  }

  /** @returns the room's conversation, whose `lowPk` is the room's key; undefined when the room never existed */
  async findOptional(app: Pick<AppRef, 'pk'>, chatroomId: string): Promise<ConversationRef | undefined> {
    const known = this.cached(app, chatroomId);
    if (known) return known;
    const found = ID_PATTERN.test(chatroomId)
      ? await this.conversations.locate(app.pk, { kind: 'chatroom', id: chatroomId })
      : undefined;
    if (found) this.refs.set(`${app.pk}:${chatroomId}`, found);
    return found;
  }

  /** Finds closed rooms too. @throws AppError CHATROOM_NOT_FOUND */
  async find(app: Pick<AppRef, 'pk'>, chatroomId: string, field?: string): Promise<ConversationRef> {
    const found = await this.findOptional(app, chatroomId);
    if (!found) throw new AppError('CHATROOM_NOT_FOUND', { ...(field && { field }) });
    return found;
  }

  locate(appPk: number, id: string): Promise<number | undefined> {
    return this.rooms.pkOf(appPk, id);
  }

  publicIds(pks: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return this.rooms.idsOf(pks);
  }

  cards(pks: readonly number[]): Promise<ReadonlyMap<number, ConversationCard>> {
    return this.rooms.cardsOf(pks);
  }
}
