import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { Sql } from '../../platform/database/sql';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { SharedRateLimiter } from '../../platform/entry/shared-rate-limiter';
import { type Named, Users } from '../accounts';
import { Audiences, ConversationDirectory } from '../conversations';
import type { CreateGroupDto, PatchGroupDto } from './dto/group.dto';
import { attributesText } from './attributes';
import { GroupChanges } from './group-changes';
import { GroupDirectory } from './group-directory';
import { type GroupRecord, type NewGroup, SWITCHES, type Standing, type Switch } from './group-records';
import { assertManager, assertVisible, isMember, isOwner, type Scene } from './group-scene';
import { type GroupCard, groupCard, groupView, type GroupView } from './group-view';
import { GroupsRepository } from './groups.repository';
import { Newcomers } from './newcomers';

const MEMBERS_DEFAULT = 500;

/** Groups themselves: made, shown, changed and dissolved. */
@Injectable()
export class GroupsService {
  constructor(
    private readonly sql: Sql,
    private readonly users: Users,
    private readonly audiences: Audiences,
    private readonly conversations: ConversationDirectory,
    private readonly directory: GroupDirectory,
    private readonly groups: GroupsRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    private readonly rates: SharedRateLimiter,
    private readonly pages: Pages,
  ) {}

  /**
   * A user becomes the owner of what it makes; the app's server names one. Initial members are in at once.
   *
   * @throws AppError ALREADY_EXISTS, GROUP_FULL, QUOTA_EXCEEDED, USER_NOT_FOUND, RATE_LIMITED; a refusal costs no budget
   */
  async create(caller: TenantCaller, wanted: CreateGroupDto): Promise<GroupView> {
    const owner = await this.ownerOf(caller, wanted.owner);
    const group = {
      groupId: wanted.groupId ?? randomId(16, 'g'),
      name: wanted.name,
      introduction: wanted.introduction ?? null,
      visibility: wanted.visibility,
      ownerPk: owner.userPk,
      maxMembers: wanted.maxMembers ?? MEMBERS_DEFAULT,
      ...(Object.fromEntries(SWITCHES.map((name) => [name, wanted[name] === true])) as Record<Switch, boolean>),
    };
    const userIds = [...new Set(wanted.members ?? [])];
    const joining = wanted.ownerJoins !== false;
    // Whatever can be refused is refused before any new name waits for the group.
    const others = userIds.filter((userId) => userId !== owner.userId).length;
    await this.newcomers.assertRoom(caller.app, group.maxMembers, others + Number(joining));
    if (wanted.groupId !== undefined && (await this.groups.pkOf(caller.app.pk, wanted.groupId)) !== undefined)
      throw new AppError('ALREADY_EXISTS', { field: 'groupId' });
    await this.rates.consumeFor('creations', caller, 1, async () => {
      const named = await this.newcomers.allNamed(caller, userIds);
      const without = named.filter(({ userPk }) => userPk !== owner.userPk);
      await this.make(caller, group, owner, joining ? [owner, ...without] : without);
    });
    return (await this.get(caller, group.groupId)) as GroupView;
  }

  private async make(caller: TenantCaller, group: NewGroup, owner: Named, members: readonly Named[]): Promise<void> {
    await this.changes.found(
      caller,
      async (tx) => {
        const pk = await this.groups.insert(tx, caller.app.pk, group);
        return this.conversations.make(tx, caller.app.pk, 'group', pk, `group:${group.groupId}`);
      },
      async (scene) => {
        await this.newcomers.assertLiving(scene, [owner]);
        await this.newcomers.enter(scene, members, owner.userPk);
        return { result: undefined, happened: [{ kind: 'created', users: members }], entered: members };
      },
    );
  }

  private async ownerOf(caller: TenantCaller, owner: string | undefined): Promise<Named> {
    if (caller.kind === 'user') {
      if (owner !== undefined && owner !== caller.userId) {
        throw new AppError('FORBIDDEN', { field: 'owner', message: 'Only the app server may name another owner.' });
      }
      return { userPk: caller.userPk, userId: caller.userId };
    }
    if (owner === undefined) throw invalid('owner', 'Name the user whose group it is.');
    const user = await this.users.resolve(caller.app, owner);
    if (!user) throw new AppError('USER_NOT_FOUND', { field: 'owner' });
    return { userPk: user.userPk, userId: user.userId };
  }

  /** Everything to members, the owner and the app's server; a public group's card to others. */
  async get(caller: TenantCaller, groupId: string): Promise<GroupView | GroupCard> {
    const { group, standing } = await this.seen(caller, groupId);
    const owner = (await this.names([group])).get(group.ownerPk) ?? '';
    const asking = { caller, group, standing };
    if (caller.kind === 'user' && !isMember(asking) && !isOwner(asking)) return groupCard(group, owner);
    return groupView(group, owner, standing?.role ?? (isOwner(asking) ? 'owner' : null));
  }

  /** All of the app's groups to its server, the cards of the public ones to users. */
  async list(caller: TenantCaller, query: PageQuery): Promise<Page<GroupView | GroupCard>> {
    const [after] = readCursor(query.cursor, 'string') ?? [''];
    const limit = limitOf(query);
    const onlyPublic = caller.kind === 'user';
    const size = { limit: limit + 1, maxBytes: this.pages.maxBytes };
    const { rows: groups, cut } = await this.groups.page(caller.app.pk, onlyPublic, after, size);
    const names = await this.names(groups);
    return this.pages.of<GroupRecord, GroupView | GroupCard>(
      groups,
      limit,
      ({ groupId }) => [groupId],
      (group) => {
        const owner = names.get(group.ownerPk) ?? '';
        return caller.kind === 'app' ? groupView(group, owner, null) : groupCard(group, owner);
      },
      cut,
    );
  }

  /** The groups a user is in; a user asks for its own. */
  async listOf(caller: TenantCaller, userId: string, query: PageQuery): Promise<Page<GroupView>> {
    const userPk = await this.self(caller, userId);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const size = { limit: limit + 1, maxBytes: this.pages.maxBytes };
    const { rows: groups, cut } = await this.groups.ofUser(userPk, after, size);
    const names = await this.names(groups);
    return this.pages.of(
      groups,
      limit,
      ({ id }) => [id],
      (group) => groupView(group, names.get(group.ownerPk) ?? '', group.role),
      cut,
    );
  }

  /** The key of a user that this caller may ask about. */
  async self(caller: TenantCaller, userId: string): Promise<number> {
    if (caller.kind === 'user') {
      if (userId === caller.userId) return caller.userPk;
      const other = await this.users.resolve(caller.app, userId);
      throw new AppError(other ? 'FORBIDDEN' : 'USER_NOT_FOUND');
    }
    const user = await this.users.resolve(caller.app, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    return user.userPk;
  }

  async change(caller: TenantCaller, groupId: string, patch: PatchGroupDto): Promise<GroupView> {
    const { attributes, ...rest } = patch;
    const text = attributesText(attributes, 'attributes', 4096);
    const fields = { ...rest, ...(text !== undefined && { attributes: text }) };
    await this.changes.run(caller, groupId, async (scene) => {
      assertManager(scene, false);
      const numbers = Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]),
      );
      await this.groups.change(scene.tx, scene.group.id, numbers);
      return { result: undefined, happened: [{ kind: 'updated', users: [], more: { changed: patch } }] };
    });
    return (await this.get(caller, groupId)) as GroupView;
  }

  async announce(caller: TenantCaller, groupId: string, text: string): Promise<{ announcement: string }> {
    return this.changes.run(caller, groupId, async (scene) => {
      assertManager(scene, true);
      await this.groups.change(scene.tx, scene.group.id, { announcement: text || null });
      return {
        result: { announcement: text },
        happened: [{ kind: 'updated', users: [], more: { announcement: text } }],
      };
    });
  }

  /** The end of a group: nothing is written any more, and what was said stays readable to those who were in. */
  async dissolve(caller: TenantCaller, groupId: string): Promise<void> {
    await this.changes.run(
      caller,
      groupId,
      async (scene: Scene) => {
        assertManager(scene, false);
        await this.groups.change(scene.tx, scene.group.id, { status: 'dissolved' });
        return { result: undefined, happened: [{ kind: 'dissolved', users: [] }] };
      },
      { evenSuspended: true },
    );
  }

  /** Nobody but the app's server speaks, joins or changes anything, until it is resumed. */
  async suspend(caller: TenantCaller, groupId: string, suspended: boolean): Promise<GroupView> {
    await this.changes.run(caller, groupId, async ({ tx, group }) => {
      const status = suspended ? 'suspended' : 'active';
      if (group.status === status) return { result: undefined };
      await this.groups.change(tx, group.id, { status });
      return { result: undefined, happened: [{ kind: 'updated', users: [], more: { status } }] };
    });
    return (await this.get(caller, groupId)) as GroupView;
  }

  /** The group as it is, to whoever may know of it. @throws AppError GROUP_NOT_FOUND */
  async seen(caller: TenantCaller, groupId: string): Promise<{ group: GroupRecord; standing?: Standing }> {
    const { lowPk } = await this.directory.find(caller.app, groupId);
    const group = await this.groups.byPk(lowPk);
    if (!group) throw new AppError('GROUP_NOT_FOUND');
    const standing =
      caller.kind === 'user'
        ? (await this.groups.standings(this.sql, group.id, [caller.userPk])).get(caller.userPk)
        : undefined;
    assertVisible({ caller, group, standing });
    return { group, standing };
  }

  private names(groups: readonly GroupRecord[]): Promise<ReadonlyMap<number, string>> {
    return this.audiences.names.namesOf(groups.map(({ ownerPk }) => ownerPk));
  }
}
