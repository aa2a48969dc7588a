import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { NEW_ID_PATTERN, NEW_ID_RULE } from '../../../kernel/ids';
import { readCursor } from '../../../platform/entry/cursor';
import type { Page } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { Audiences } from '../../conversations';
import { AttributesRepository } from './attributes.repository';
import { ChatroomChanges } from '../rooms/chatroom-changes';
import type { AttributeRecord } from '../rooms/chatroom-records';
import type { ChangeResult, ChangeScope } from '../rooms/change-scope';
import { ChatroomsService } from '../rooms/chatrooms.service';
import { type AttributeDto, ATTRIBUTES_MAX, type AttributesQuery } from './attribute.dto';
import { RosterSync } from '../live/roster-sync';

const VALUE_BYTES_MAX = 4096;

export interface AttributeView {
  key: string;
  value: string;
  /** The user who set it; absent: the app. */
  owner?: string;
  autoDelete: boolean;
}

/** Keys and values of a room, set by its admins, the app's server and, if the room allows it, its members. */
@Injectable()
export class AttributesService {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly changes: ChatroomChanges,
    private readonly attributes: AttributesRepository,
    private readonly audiences: Audiences,
    private readonly rosterSync: RosterSync,
    private readonly pages: Pages,
  ) {}

  /** For members, admins and the app's server, in the order of their keys. */
  async list(caller: TenantCaller, chatroomId: string, query: AttributesQuery): Promise<Page<AttributeView>> {
    const { room, conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    const rank = await this.chatrooms.rankOf(caller, room);
    if (rank === 'none' && !(await this.isIn(conversation.pk, caller))) throw new AppError('NOT_MEMBER');
    const [after] = readCursor(query.cursor, 'string') ?? [''];
    const limit = query.limit ?? ATTRIBUTES_MAX;
    const rows = await this.attributes.page(room.id, after, limit + 1);
    const names = await this.audiences.names.namesOf(
      rows.flatMap(({ ownerPk }) => (ownerPk === null ? [] : [ownerPk])),
    );
    return this.pages.of(
      rows,
      limit,
      ({ name }) => [name],
      ({ name, value, ownerPk, autoDelete }) => {
        const owner = names.get(ownerPk ?? 0);
        return { key: name, value, ...(owner !== undefined && { owner }), autoDelete: autoDelete === 1 };
      },
    );
  }

  async put(caller: TenantCaller, chatroomId: string, key: string, wanted: AttributeDto): Promise<AttributeView> {
    const name = validKey(key);
    const bytes = Buffer.byteLength(wanted.value);
    if (bytes > VALUE_BYTES_MAX) {
      throw new AppError('TOO_LARGE', { field: 'value', details: { bytes, maxBytes: VALUE_BYTES_MAX } });
    }
    await this.change(caller, chatroomId, name, async ({ tx, room }, existing) => {
      if (!existing && (await this.attributes.count(tx, room.id)) >= ATTRIBUTES_MAX) {
        throw new AppError('LIMIT_REACHED', { details: { limit: ATTRIBUTES_MAX } });
      }
      const ownerPk = caller.kind === 'user' ? caller.userPk : null;
      const autoDelete = wanted.autoDelete === true && ownerPk !== null ? 1 : 0;
      await this.attributes.put(tx, room, { name, value: wanted.value, ownerPk, autoDelete });
      return attributesChanged({ set: { [name]: wanted.value } });
    });
    return {
      key: name,
      value: wanted.value,
      ...(caller.kind === 'user' && { owner: caller.userId }),
      autoDelete: wanted.autoDelete === true && caller.kind === 'user',
    };
  }

  async remove(caller: TenantCaller, chatroomId: string, key: string): Promise<void> {
    const name = validKey(key);
    await this.change(caller, chatroomId, name, async ({ tx, room }, existing) => {
      if (!existing) throw new AppError('ATTRIBUTE_NOT_FOUND');
      await this.attributes.remove(tx, room.id, [name]);
      return attributesChanged({ removed: [name] });
    });
  }

  /** Removes the `autoDelete` attributes whose owners have left the room. */
  async removeOrphaned(caller: TenantCaller, chatroomId: string): Promise<void> {
    const work = async ({ tx, room, conversation }: ChangeScope): Promise<ChangeResult<void>> => {
      const autoDeleted = await this.attributes.autoDeleted(tx, room.id);
      const names = autoDeleted
        .filter(({ ownerPk }) => !this.rosterSync.rosters.has(conversation.pk, ownerPk))
        .map(({ name }) => name);
      await this.attributes.remove(tx, room.id, names);
      return names.length === 0 ? { result: undefined } : attributesChanged({ removed: names });
    };
    await this.changes.run(caller, chatroomId, work, { asSystem: true });
  }

  private async change(
    caller: TenantCaller,
    chatroomId: string,
    name: string,
    work: (scope: ChangeScope, existing: AttributeRecord | undefined) => Promise<ChangeResult<void>>,
  ): Promise<void> {
    const { conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    const isIn = await this.isIn(conversation.pk, caller);
    await this.changes.run(caller, chatroomId, async (scope) => {
      const { tx, room, rank } = scope;
      if (rank === 'none' && room.membersMaySetAttributes === 0) {
        throw new AppError('FORBIDDEN', { message: 'Only the admins of the room may do this.' });
      }
      if (rank === 'none' && !isIn) throw new AppError('NOT_MEMBER');
      const existing = await this.attributes.one(tx, room.id, name);
      if (rank === 'none' && existing && caller.kind === 'user' && existing.ownerPk !== caller.userPk) {
        throw new AppError('FORBIDDEN', { message: 'This attribute is another user’s.' });
      }
      return work(scope, existing);
    });
  }

  private isIn(room: number, caller: TenantCaller): Promise<boolean> {
    return caller.kind === 'app' ? Promise.resolve(true) : this.rosterSync.confirm(room, caller.userPk);
  }
}

const attributesChanged = (attributes: { set?: Record<string, string>; removed?: string[] }): ChangeResult<void> => ({
  result: undefined,
  events: [{ kind: 'attributes-changed', users: [], more: attributes }],
});

function validKey(key: string): string {
  if (!NEW_ID_PATTERN.test(key)) throw invalid('key', NEW_ID_RULE);
  return key;
}
