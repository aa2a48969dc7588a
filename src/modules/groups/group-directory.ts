import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { AppRef } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { ID_PATTERN } from '../../kernel/ids';
import {
  type ConversationCard,
  ConversationDirectory,
  type ConversationRef,
  type ConversationTargets,
} from '../conversations';
import { GroupsRepository } from './groups.repository';

const CACHED_MAX = 100_000;

/** Group ids and their conversations. An id is never used again, so both are remembered without expiry. */
@Injectable()
export class GroupDirectory implements ConversationTargets {
  private readonly refs = new LRUCache<string, ConversationRef>({ max: CACHED_MAX });

  constructor(
    private readonly groups: GroupsRepository,
    private readonly conversations: ConversationDirectory,
  ) {}

  cached(app: AppRef, groupId: string): ConversationRef | undefined {
    return this.refs.get(`${app.pk}:${groupId}`);
  }

  /** `lowPk` is the group's key. @throws AppError GROUP_NOT_FOUND; dissolved ones are found */
  async find(app: AppRef, groupId: string, field?: string): Promise<ConversationRef> {
    const known = this.cached(app, groupId);
    if (known) return known;
    const found = ID_PATTERN.test(groupId)
      ? await this.conversations.locate(app.pk, { kind: 'group', id: groupId })
      : undefined;
    if (!found) throw new AppError('GROUP_NOT_FOUND', { ...(field && { field }) });
    this.refs.set(`${app.pk}:${groupId}`, found);
    return found;
  }

  locate(appPk: number, id: string): Promise<number | undefined> {
    return this.groups.pkOf(appPk, id);
  }

  publicIds(pks: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return this.groups.idsOf(pks);
  }

  titles(pks: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return this.groups.namesOf(pks);
  }

  cards(pks: readonly number[]): Promise<ReadonlyMap<number, ConversationCard>> {
    return this.groups.cardsOf(pks);
  }
}
